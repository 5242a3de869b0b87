/** Credentials of one location: a file of KEY=value lines, or a folder with one file a key, as a Secret is mounted. */
import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../domain/environment.ts";
import { LongshoreError } from "../domain/errors.ts";
import type { BucketScheme } from "../domain/location-parameters.ts";

/** Everything by which a scheme's drivers find credentials in an environment. */
const variables: Record<BucketScheme, readonly string[]> = {
  s3: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
  az: [
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
  ],
  gs: ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS_JSON"],
};

/** Of a service account, in one variable. */
const json = "GOOGLE_APPLICATION_CREDENTIALS_JSON";
const largest = 64 * 1024;

/** The environment with the credentials in the file in place of its own. Throws CredentialsInvalid; never says what stands there. */
export function withCredentialsOf(path: string, scheme: BucketScheme, environment: Environment): Environment {
  const found = credentialsIn(path, scheme);
  const own = Object.entries(environment).filter(([name]) => !variables[scheme].includes(name));
  return { ...Object.fromEntries(own), ...found };
}

/** What stands there for the scheme; other keys are not ours. */
function credentialsIn(path: string, scheme: BucketScheme): Record<string, string> {
  const given = read(path, scheme);
  const found: Record<string, string> = {};
  for (const name of variables[scheme]) {
    const value = given.get(name);
    if (value !== undefined && value !== "") found[name] = value;
  }
  if (Object.keys(found).length === 0)
    throw invalid(path, `holds none of ${variables[scheme].join(", ")}`, "write KEY=value, a line each");
  if (
    scheme === "s3" &&
    (found["AWS_ACCESS_KEY_ID"] === undefined || found["AWS_SECRET_ACCESS_KEY"] === undefined)
  )
    throw invalid(
      path,
      "holds only one half of an access key",
      "give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  return found;
}

/**
 * Whoever may write a Secret must not choose by it which file or address is read where it is mounted: Google's libraries would
 * send what they find there to a service that the same credentials name.
 */
function refuseElsewhere(path: string, given: ReadonlyMap<string, string>): void {
  const hint = `give the key of a service account in ${json}`;
  if (given.has("GOOGLE_APPLICATION_CREDENTIALS") && !given.has(json))
    throw invalid(path, "names a file with credentials in place of holding them", hint);
  const type = typeIn(given.get(json) ?? "{}");
  if (type !== undefined && type !== "service_account" && type !== "authorized_user")
    throw invalid(path, "holds credentials that are fetched from elsewhere", hint);
}

/** What is no JSON is told of when it is used. */
function typeIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly type?: unknown } | null)?.type;
  } catch {
    return undefined;
  }
}

function read(path: string, scheme: BucketScheme): ReadonlyMap<string, string> {
  try {
    if (!statSync(path).isDirectory()) return keysIn(contentOf(path));
    checkWriters(path);
    // Names with a dot are how a Secret is mounted.
    const names = readdirSync(path).filter((name) => !name.startsWith("."));
    const keys = new Map(names.map((name) => [name, contentOf(join(path, name)).replace(/\r?\n$/, "")]));
    if (scheme === "gs") refuseElsewhere(path, keys);
    return keys;
  } catch (error) {
    if (error instanceof LongshoreError) throw error;
    throw new LongshoreError("CredentialsInvalid", `the credentials in ${path} can't be read`, {
      cause: error,
      hint: "check the path and its permissions",
    });
  }
}

function contentOf(file: string): string {
  const { size } = checkWriters(file);
  if (size > largest) throw invalid(file, "is no file of credentials: it is too large", "name another file");
  return readFileSync(file, "utf8");
}

/** Whoever may write there chooses where data goes. Readers are the business of whoever mounts it: a Secret is open to all of a pod. */
function checkWriters(path: string): { readonly size: number } {
  const seen = statSync(path);
  if (!seen.isFile() && !seen.isDirectory())
    throw invalid(path, "is neither a file nor a folder", "name a file of KEY=value lines");
  if ((seen.mode & 0o002) !== 0 && !isMountedReadOnly(path))
    throw invalid(path, "can be written by everybody", `chmod o-w ${path}`);
  return seen;
}

/** The folder of a mounted Secret says that all may write there, which nobody can. */
function isMountedReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EROFS";
  }
}

function keysIn(text: string): ReadonlyMap<string, string> {
  // As Google's console makes it, the file is one credential.
  if (text.trimStart().startsWith("{")) return new Map([[json, text]]);
  const keys = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, name, value = ""] = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) keys.set(name, value.replace(/^(["'])(.*)\1$/, "$2"));
  }
  return keys;
}

const invalid = (path: string, what: string, hint: string): LongshoreError =>
  new LongshoreError("CredentialsInvalid", `${path} ${what}`, { hint });
