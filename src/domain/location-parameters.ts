/** What may stand behind the "?" of a location, scheme by scheme: everything about reaching a store that is no secret. */
import { LongshoreError } from "./errors.ts";
import { parseQuantity } from "./quantity.ts";

export const bucketSchemes = ["s3", "az", "gs"] as const;
export type BucketScheme = (typeof bucketSchemes)[number];

/** Says what is wrong with a value, or undefined. */
type Check = (value: string) => string | undefined;

const isWord: Check = (value) => (/^[\w.:/+=@-]+$/.test(value) ? undefined : "is no plain word");
const isBoolean: Check = (value) =>
  value === "true" || value === "false" ? undefined : "is neither true nor false";
const isFile: Check = (value) => (value === "" || value.includes("\0") ? "names no file" : undefined);
const isCount: Check = (value) =>
  /^[1-9]\d{0,3}$/.test(value) ? undefined : "is no whole number from 1 to 9999";
/** Less would be silence, which is given up after a minute. */
const isRate: Check = (value) =>
  (parseQuantity(value) ?? 0) >= 2 ** 16 ? undefined : "is no size of at least 64Ki, such as 20Mi";
const isOneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value) ? undefined : `is none of ${words.join(", ")}`;

const isEndpoint: Check = (value) => {
  if (!URL.canParse(value)) return "is no URL";
  const { protocol, username, password, search, hash } = new URL(value);
  if (protocol !== "https:" && protocol !== "http:") return "is no http or https URL";
  if (username !== "" || password !== "") return "carries credentials, which come from the environment";
  return search !== "" || hash !== "" ? "has a query, which an endpoint has not" : undefined;
};

/** As in an URL's query: `team=a&project=b`. */
const isTags: Check = (value) =>
  value.split("&").every((tag) => /^[^=&]{1,128}=[^=&]{0,256}$/u.test(tag))
    ? undefined
    : "is not of the form key=value&key=value";

/** What every scheme has. */
const common: Readonly<Record<string, Check>> = {
  credentials: isFile,
  /** Whether receivers are sent to the store, or its bytes to them through the server. */
  delivery: isOneOf("redirect", "relay"),
  maxBytesPerSecond: isRate,
  maxRequests: isCount,
};

const parameters: Record<BucketScheme, Readonly<Record<string, Check>>> = {
  s3: {
    ...common,
    anonymous: isBoolean,
    caBundle: isFile,
    checksums: isOneOf("sha256", "none"),
    endpoint: isEndpoint,
    forcePathStyle: isBoolean,
    profile: isWord,
    publicEndpoint: isEndpoint,
    region: isWord,
    sse: isOneOf("AES256", "aws:kms", "aws:kms:dsse"),
    sseKmsKeyId: isWord,
    storageClass: isWord,
    tags: isTags,
  },
  az: {
    ...common,
    account: isWord,
    anonymous: isBoolean,
    caBundle: isFile,
    endpoint: isEndpoint,
    publicEndpoint: isEndpoint,
    tags: isTags,
    tier: isWord,
  },
  gs: {
    ...common,
    anonymous: isBoolean,
    caBundle: isFile,
    endpoint: isEndpoint,
    kmsKeyName: isWord,
    publicEndpoint: isEndpoint,
    storageClass: isWord,
    userProject: isWord,
  },
};

export const parameterNames = (scheme: BucketScheme): readonly string[] => Object.keys(parameters[scheme]);

/** Names under which people put what must not stand in a location. */
const secretName =
  /secret|password|passwd|token|credential|signature|^sig$|sas|(?:access|account|api)_?-?key/i;

/** Throws InvalidArgument, naming the parameter; the value only where it can be none of a secret. */
export function checkParameter(scheme: BucketScheme, name: string, value: string): void {
  const check = Object.hasOwn(parameters[scheme], name) ? parameters[scheme][name] : undefined;
  if (check === undefined) {
    const shown = /^[\w-]{1,40}$/.test(name) ? name : JSON.stringify(name.slice(0, 40));
    throw new LongshoreError("InvalidArgument", `a ${scheme}:// location has no parameter ${shown}`, {
      hint: secretName.test(name)
        ? "credentials come from the environment or a file, never from the location"
        : `it may have ${Object.keys(parameters[scheme]).join(", ")}`,
    });
  }
  const fault = check(value);
  if (fault !== undefined)
    throw new LongshoreError("InvalidArgument", `${name} of the ${scheme}:// location ${fault}`);
}

const bucketName = /^[a-z0-9A-Z][a-z0-9A-Z._-]{1,254}$/;

/** Throws InvalidArgument. Stores are stricter in different ways and say so themselves. */
export function checkBucketName(scheme: BucketScheme, bucket: string): void {
  if (bucketName.test(bucket)) return;
  const what = scheme === "az" ? "container" : "bucket";
  throw new LongshoreError(
    "InvalidArgument",
    bucket === ""
      ? `the ${scheme}:// location names no ${what}`
      : `the ${scheme}:// location names no valid ${what}`,
    { hint: `write ${scheme}://${what.toUpperCase()}/PREFIX` },
  );
}
