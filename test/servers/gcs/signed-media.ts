/**
 * Downloads by signed URLs, which are of the XML API: https://cloud.google.com/storage/docs/authentication/signatures. The
 * request that must have been signed is put together from the one that came, by the documentation's rules.
 */
import { createHash, verify } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ApiError, apiError } from "./api-error.ts";
import { sendMedia } from "./media.ts";
import type { Call } from "./methods.ts";
import type { ServiceAccount } from "./service-account.ts";
import { existing } from "./stored-objects.ts";

/** Of the XML API: https://cloud.google.com/storage/docs/xml-api/reference-status */
const refused = (status: number, code: string): ApiError => apiError(status, code, `<Code>${code}</Code>`);

const longest = 604_800;
const known = [
  "X-Goog-Algorithm",
  "X-Goog-Credential",
  "X-Goog-Date",
  "X-Goog-Expires",
  "X-Goog-Signature",
  "X-Goog-SignedHeaders",
  "response-content-disposition",
  "response-content-type",
  "userProject",
];

/** Whether it has a signature in its query, and so is for this API. */
export const isSigned = ({ searchParams }: URL): boolean => searchParams.has("X-Goog-Signature");

export interface SignedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** Names of bucket and object. Throws what Google answers where the signature is not right, or too old. */
export function checkSignature(account: ServiceAccount, signed: SignedRequest): readonly string[] {
  const { searchParams } = signed.url;
  for (const name of searchParams.keys())
    if (!known.includes(name) || searchParams.getAll(name).length > 1) throw refused(400, "InvalidArgument");
  const { time, scope, expiresAt } = termsOf(account, searchParams);
  const names = namesOf(signed);
  const canonical = canonicalRequest(signed, names);
  const digest = createHash("sha256").update(canonical).digest("hex");
  const text = Buffer.from(["GOOG4-RSA-SHA256", time, scope, digest].join("\n"));
  const signature = Buffer.from(searchParams.get("X-Goog-Signature") ?? "", "hex");
  if (!verify("RSA-SHA256", text, account.publicKey, signature)) throw refused(403, "SignatureDoesNotMatch");
  if (Date.now() >= expiresAt) throw refused(400, "ExpiredToken");
  const [bucket = "", ...object] = names;
  return [bucket, object.join("/")];
}

interface Terms {
  readonly time: string;
  readonly scope: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

function termsOf({ email }: ServiceAccount, query: URLSearchParams): Terms {
  const of = (name: string): string => query.get(name) ?? "";
  const time = of("X-Goog-Date");
  const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`;
  const expected = {
    "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
    "X-Goog-Credential": `${email}/${scope}`,
    "X-Goog-SignedHeaders": "host",
  };
  const isExpected = Object.entries(expected).every(([name, value]) => of(name) === value);
  const begin = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  const seconds = /^\d{1,6}$/.test(of("X-Goog-Expires")) ? Number(of("X-Goog-Expires")) : 0;
  if (!isExpected || Number.isNaN(begin) || seconds < 1 || seconds > longest)
    throw refused(400, "InvalidArgument");
  return { time, scope, expiresAt: begin + seconds * 1000 };
}

/** Of the path's pieces, which stand escaped. */
function namesOf({ request: { url = "" } }: SignedRequest): readonly string[] {
  const [path = ""] = url.split("?");
  return path.slice(1).split("/").map(decodeURIComponent);
}

const canonicalRequest = ({ request, url }: SignedRequest, names: readonly string[]): string =>
  [
    request.method,
    `/${names.map(encoded).join("/")}`,
    canonicalQuery(url.searchParams),
    `host:${request.headers.host}`,
    "",
    "host",
    "UNSIGNED-PAYLOAD",
  ].join("\n");

export async function sendSigned(call: Call, { response, url }: SignedRequest): Promise<void> {
  const { content, generation } = existing(call.bucket, call.names[0] ?? "");
  const md5 =
    content.md5Hash === undefined ? `-${generation}` : Buffer.from(content.md5Hash, "base64").toString("hex");
  const headers = { etag: `"${md5}"`, "accept-ranges": "bytes" };
  const asked = ["content-disposition", "content-type"].flatMap((name) => {
    const value = url.searchParams.get(`response-${name}`);
    return value === null ? [] : [[name, value] as const];
  });
  await sendMedia(call, response, { ...headers, ...Object.fromEntries(asked) });
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== "X-Goog-Signature")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.map(encoded).join("="))
    .join("&");
}

const encoded = (text: string): string =>
  Buffer.from(text)
    .toString("latin1")
    .replace(
      /[^A-Za-z0-9._~-]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    );
