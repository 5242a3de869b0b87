/**
 * Locations as a person writes them: a path, `file://`, or a place in an object store such as
 * `s3://bucket/prefix?endpoint=https://s3.example.com&region=eu-west-1`. No secret ever stands in one.
 */
import { LongshoreError } from "./errors.ts";
import { type BucketScheme, bucketSchemes, checkBucketName, checkParameter } from "./location-parameters.ts";

/** A prefix of keys in a bucket or container, and how to reach it. */
export interface BucketLocation {
  readonly scheme: BucketScheme;
  readonly bucket: string;
  /** Of keys: no "/" at its begin; one at its end where the person wrote one. "" is the whole bucket. */
  readonly prefix: string;
  /** In the order of their names, each allowed by the scheme. */
  readonly parameters: Readonly<Record<string, string>>;
}

const url = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is;

/** The scheme of a URL in lower case, or undefined for a path. */
export function schemeOf(location: string): string | undefined {
  return url.exec(location)?.[1]?.toLowerCase();
}

/** Undefined where the location is none of an object store. Throws InvalidArgument, which never repeats what may be a secret. */
export function parseBucketLocation(location: string): BucketLocation | undefined {
  const scheme = bucketSchemes.find((known) => known === schemeOf(location));
  if (scheme === undefined) return undefined;
  const rest = url.exec(location)?.[2] ?? "";
  const [place = "", ...queries] = rest.split("?");
  const slash = place.indexOf("/");
  const bucket = slash < 0 ? place : place.slice(0, slash);
  if (bucket.includes("@")) throw invalid(scheme, "carries a user or a key before its bucket", noSecrets);
  checkBucketName(scheme, bucket);
  if (rest.includes("#"))
    throw invalid(scheme, "has a #, which begins no part of it", "write %23 for a # in a name");
  const prefix = decoded(scheme, slash < 0 ? "" : place.slice(slash + 1)).replace(/^\/+/, "");
  checkPrefix(scheme, prefix);
  return { scheme, bucket, prefix, parameters: parametersOf(scheme, queries.join("?")) };
}

/** As it is shown and recorded: one spelling for one place, and nothing secret, since none is ever taken. */
export function formatBucketLocation(location: BucketLocation): string {
  const { scheme, bucket, prefix, parameters } = location;
  const query = Object.entries(parameters).map(
    ([name, value]) => `${name}=${encodeURIComponent(value).replace(/%3A/g, ":").replace(/%2F/g, "/")}`,
  );
  const path = prefix === "" ? "" : `/${encodedKey(prefix)}`;
  return `${scheme}://${bucket}${path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
}

/** The bucket alone, as it is named in messages. */
export function displayedBucket(location: BucketLocation): string {
  return formatBucketLocation({ ...location, prefix: "", parameters: {} });
}

/** The location of something below another: of `name` in a folder, or below a prefix. Of paths it is "/" between the two. */
export function joinLocation(location: string, name: string): string {
  const bucket = parseBucketLocation(location);
  if (bucket === undefined) return `${location.replace(/(?<=.)\/+$/, "")}/${name}`.replace(/^\/\//, "/");
  const folder = bucket.prefix === "" || bucket.prefix.endsWith("/") ? bucket.prefix : `${bucket.prefix}/`;
  return formatBucketLocation({ ...bucket, prefix: folder + name });
}

/** The last name of a location: what an export of it is called where nobody says. "" where there is none. */
export function baseNameOf({ bucket, prefix }: BucketLocation): string {
  return prefix.split("/").findLast((name) => name !== "") ?? bucket;
}

/** Whether `inner` lies in `outer` or is it. Both are real paths, or locations as `formatBucketLocation` writes them. */
export function isWithin(inner: string, outer: string): boolean {
  const [innerBucket, outerBucket] = [parseBucketLocation(inner), parseBucketLocation(outer)];
  if (innerBucket === undefined && outerBucket === undefined) return isBelow(inner, outer);
  if (innerBucket === undefined || outerBucket === undefined) return false;
  return (
    innerBucket.scheme === outerBucket.scheme &&
    innerBucket.bucket === outerBucket.bucket &&
    ["endpoint", "account"].every((name) => innerBucket.parameters[name] === outerBucket.parameters[name]) &&
    (outerBucket.prefix === "" || isBelow(innerBucket.prefix, outerBucket.prefix.replace(/\/+$/, "")))
  );
}

const isBelow = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);

const noSecrets = "credentials come from the environment or a file, never from the location";

function invalid(scheme: string, what: string, hint: string, cause?: unknown): LongshoreError {
  return new LongshoreError("InvalidArgument", `the ${scheme}:// location ${what}`, { hint, cause });
}

function decoded(scheme: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw invalid(
      scheme,
      "has a % that begins no escape of UTF-8",
      "write %25 for a % in a name, and other odd bytes as %XX",
      error,
    );
  }
}

/** What no key of ours may begin with: it would mean another place to whatever treats keys as paths. */
function checkPrefix(scheme: string, prefix: string): void {
  const hint = "name the prefix plainly";
  if (prefix.includes("\0")) throw invalid(scheme, "contains a zero byte", hint);
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(prefix)) throw invalid(scheme, "has a . or .. in its prefix", hint);
  if (prefix.includes("//")) throw invalid(scheme, "has an empty name (//) in its prefix", hint);
  if (new TextEncoder().encode(prefix).length > 700)
    throw invalid(scheme, "has a prefix over 700 bytes", hint);
}

function parametersOf(scheme: BucketScheme, query: string): Record<string, string> {
  const given = new Map<string, string>();
  for (const pair of query === "" ? [] : query.split("&")) {
    const equals = pair.indexOf("=");
    const name = decoded(scheme, equals < 0 ? pair : pair.slice(0, equals));
    const value = decoded(scheme, equals < 0 ? "" : pair.slice(equals + 1));
    checkParameter(scheme, name, value);
    if (given.has(name)) throw invalid(scheme, `says ${name} twice`, "say it once");
    given.set(name, value);
  }
  return Object.fromEntries([...given].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Only what would be read as something else is escaped, so that a person still recognises the key. */
function encodedKey(key: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  return key.replace(/[\x00-\x20%?#\x7f-\x9f\u2028\u2029]/g, encodeURIComponent);
}
