/**
 * URLs by which anyone can read one object for a while: signed here (V4, https://cloud.google.com/storage/docs/authentication/signatures),
 * nothing is asked.
 */
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Environment } from "../../../domain/environment.ts";
import type { BucketLocation } from "../../../domain/location.ts";
import type { PresignTerms } from "../../../domain/ports/destination.ts";
import type { ObjectStore } from "../../../domain/ports/object-store.ts";
import { credentialsText } from "./credentials.ts";
import { type Endpoint, maySendToken } from "./endpoint.ts";
import { nameOfKey } from "./names.ts";

/** Google knows no longer ones. */
const longest = 7 * 24 * 3600;
const algorithm = "GOOG4-RSA-SHA256";

/** A service account with its private key. */
export interface Signer {
  readonly email: string;
  readonly key: KeyObject;
}

/**
 * Undefined where there is no key to sign with: the credentials of a user, of a machine or of another cloud have none, and may
 * not ask Google to sign for them. `publicEndpoint` is how receivers reach the store, where that is another way than ours.
 */
export function presigner(
  { bucket, parameters }: BucketLocation,
  endpoint: Endpoint,
  { environment, now }: { readonly environment: Environment; readonly now: () => number },
): ObjectStore["presign"] {
  if (parameters["anonymous"] === "true" || !maySendToken(endpoint, environment)) return undefined;
  const signer = readSigner(environment);
  if (signer === undefined) return undefined;
  const { publicEndpoint = endpoint.url.href, userProject } = parameters;
  return async (key, terms, signal) => {
    await Promise.resolve();
    signal.throwIfAborted();
    const object = { endpoint: new URL(publicEndpoint), bucket, name: nameOfKey(key), userProject };
    return signedUrl(signer, object, { ...terms, now: new Date(now()) });
  };
}

/** A file that can't be read or understood signs nothing; whoever asks for a token with it says what is wrong. */
function readSigner(environment: Environment): Signer | undefined {
  const file = environment["GOOGLE_APPLICATION_CREDENTIALS"];
  try {
    const text = environment[credentialsText] ?? (file ? readFileSync(file, "utf8") : "");
    if (text === "") return undefined;
    const { type, client_email: email, private_key: key } = JSON.parse(text) as Record<string, unknown>;
    if (type !== "service_account" || typeof email !== "string" || typeof key !== "string") return undefined;
    return { email, key: createPrivateKey(key) };
  } catch {
    return undefined;
  }
}

export interface SignedObject {
  /** A path of its own comes before that of the object. */
  readonly endpoint: URL;
  readonly bucket: string;
  readonly name: string;
  /** The project that pays. */
  readonly userProject: string | undefined;
}

/** For GET alone. */
export function signedUrl(
  { email, key }: Signer,
  { endpoint, bucket, name, userProject }: SignedObject,
  { expiresInSeconds, contentDisposition, contentType, now }: PresignTerms & { readonly now: Date },
): string {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`;
  const query = canonicalQuery({
    "X-Goog-Algorithm": algorithm,
    "X-Goog-Credential": `${email}/${scope}`,
    "X-Goog-Date": time,
    "X-Goog-Expires": String(Math.min(longest, Math.max(1, Math.floor(expiresInSeconds)))),
    "X-Goog-SignedHeaders": "host",
    "response-content-disposition": contentDisposition,
    "response-content-type": contentType,
    userProject,
  });
  const path = `${endpoint.pathname.replace(/\/+$/, "")}/${[bucket, ...name.split("/")].map(encoded).join("/")}`;
  const request = ["GET", path, query, `host:${endpoint.host}`, "", "host", "UNSIGNED-PAYLOAD"].join("\n");
  const digest = createHash("sha256").update(request).digest("hex");
  const signature = sign("RSA-SHA256", Buffer.from([algorithm, time, scope, digest].join("\n")), key);
  return `${endpoint.origin}${path}?${query}&X-Goog-Signature=${signature.toString("hex")}`;
}

/** In the order of the names' bytes, without those that are not given. */
function canonicalQuery(parameters: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${encoded(name)}=${encoded(value)}`]))
    .sort()
    .join("&");
}

/** Everything but the unreserved characters of RFC 3986 section 2.3. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
