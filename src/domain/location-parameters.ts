/** What may stand behind the "?" of a location, scheme by scheme: everything about reaching a store that is no secret. */
import { LongshoreError } from "./errors.ts";
import { parseQuantity } from "./quantity.ts";

export const bucketSchemes = ["s3", "az", "gs"] as const;
export type BucketScheme = (typeof bucketSchemes)[number];

/** What a value may be. */
export interface ValueKind {
  /** After "must be". */
  readonly meaning: string;
  /**
   * RE2 of the value as it stands in a URL, for an API server: what is right fits, and most that is wrong does not. `faultOf`
   * says the rest.
   */
  readonly pattern: string;
  /** What is wrong with it, or undefined. */
  readonly faultOf: (value: string) => string | undefined;
}

const word: ValueKind = {
  meaning: "a plain word",
  // The same characters escaped.
  pattern: "([A-Za-z0-9_.:/+=@-]|%(2[BDEFbdef]|3[0-9ADad]|4[0-9A-Fa-f]|5[0-9AFaf]|6[1-9A-Fa-f]|7[0-9Aa]))+",
  faultOf: (value) => (/^[\w.:/+=@-]+$/.test(value) ? undefined : "is no plain word"),
};
const truth: ValueKind = {
  meaning: "true or false",
  pattern: "(true|false)",
  faultOf: (value) => (value === "true" || value === "false" ? undefined : "is neither true nor false"),
};
const file: ValueKind = {
  meaning: "the name of a file",
  pattern: "[^&]+",
  faultOf: (value) => (value === "" || value.includes("\0") ? "names no file" : undefined),
};
const count: ValueKind = {
  meaning: "a whole number from 1 to 9999",
  pattern: "[1-9][0-9]{0,3}",
  faultOf: (value) => (/^[1-9]\d{0,3}$/.test(value) ? undefined : "is no whole number from 1 to 9999"),
};
/** Less would be silence, which is given up after a minute. */
const rate: ValueKind = {
  meaning: "a size of at least 64Ki, such as 20Mi",
  pattern:
    "([0-9]{5,16}[.]?[0-9]{0,9}|[0-9]{2,16}[.]?[0-9]{0,9}(k|Ki)|" +
    "([0-9]{1,16}[.]?[0-9]{0,9}|[.][0-9]{1,9})([MGTPE]i?|[eE]-?[0-9]{1,2}))",
  faultOf: (value) =>
    (parseQuantity(value) ?? 0) >= 2 ** 16 ? undefined : "is no size of at least 64Ki, such as 20Mi",
};
const oneOf = (...words: readonly string[]): ValueKind => ({
  meaning: `one of ${words.join(", ")}`,
  pattern: `(${words.join("|").replaceAll(":", "(:|%3[aA])")})`,
  faultOf: (value) => (words.includes(value) ? undefined : `is none of ${words.join(", ")}`),
});

const endpoint: ValueKind = {
  meaning: "an http or https URL without credentials or a query",
  pattern: "(?i:https?)(:|%3[aA])(/|%2[fF]){2}([^@?&%]|%[0-35-9A-Fa-f][0-9A-Fa-f]|%4[1-9A-Fa-f])+",
  faultOf: (value) => {
    if (!URL.canParse(value)) return "is no URL";
    const { protocol, username, password, search, hash } = new URL(value);
    if (protocol !== "https:" && protocol !== "http:") return "is no http or https URL";
    if (username !== "" || password !== "") return "carries credentials, which come from the environment";
    return search !== "" || hash !== "" ? "has a query, which an endpoint has not" : undefined;
  },
};

/** As in an URL's query: `team=a&project=b`. */
const tags: ValueKind = {
  meaning: "of the form key=value, with %26 before the next",
  pattern: "[^&=][^&]*(=|%3[dD])[^&]*",
  faultOf: (value) =>
    value.split("&").every((tag) => /^[^=&]{1,128}=[^=&]{0,256}$/u.test(tag))
      ? undefined
      : "is not of the form key=value&key=value",
};

/** What every scheme has. */
const common: Readonly<Record<string, ValueKind>> = {
  credentials: file,
  /** Whether receivers are sent to the store, or its bytes to them through the server. */
  delivery: oneOf("redirect", "relay"),
  maxBytesPerSecond: rate,
  maxRequests: count,
};

const parameters: Record<BucketScheme, Readonly<Record<string, ValueKind>>> = {
  s3: {
    ...common,
    anonymous: truth,
    caBundle: file,
    checksums: oneOf("sha256", "none"),
    endpoint,
    forcePathStyle: truth,
    profile: word,
    proxy: endpoint,
    publicEndpoint: endpoint,
    region: word,
    sse: oneOf("AES256", "aws:kms", "aws:kms:dsse"),
    sseKmsKeyId: word,
    storageClass: word,
    tags,
  },
  az: {
    ...common,
    account: word,
    anonymous: truth,
    caBundle: file,
    endpoint,
    proxy: endpoint,
    publicEndpoint: endpoint,
    tags,
    tier: word,
  },
  gs: {
    ...common,
    anonymous: truth,
    caBundle: file,
    endpoint,
    kmsKeyName: word,
    proxy: endpoint,
    publicEndpoint: endpoint,
    storageClass: word,
    userProject: word,
  },
};

export const parameterNames = (scheme: BucketScheme): readonly string[] => Object.keys(parameters[scheme]);

/** All names that any scheme has, by what their values are: a name means the same in every scheme. */
export function namesByKind(): ReadonlyMap<ValueKind, readonly string[]> {
  const kindOf = new Map(Object.values(parameters).flatMap((known) => Object.entries(known)));
  const groups = Map.groupBy(kindOf, ([, kind]) => kind);
  return new Map([...groups].map(([kind, named]) => [kind, named.map(([name]) => name).toSorted()]));
}

/** Names under which people put what must not stand in a location. */
const secretName =
  /secret|password|passwd|token|credential|signature|^sig$|sas|(?:access|account|api)_?-?key/i;

/** Throws InvalidArgument, naming the parameter; the value only where it can be none of a secret. */
export function checkParameter(scheme: BucketScheme, name: string, value: string): void {
  const kind = Object.hasOwn(parameters[scheme], name) ? parameters[scheme][name] : undefined;
  if (kind === undefined) {
    const shown = /^[\w-]{1,40}$/.test(name) ? name : JSON.stringify(name.slice(0, 40));
    throw new LongshoreError("InvalidArgument", `a ${scheme}:// location has no parameter ${shown}`, {
      hint: secretName.test(name)
        ? "credentials come from the environment or a file, never from the location"
        : `it may have ${Object.keys(parameters[scheme]).join(", ")}`,
    });
  }
  const fault = kind.faultOf(value);
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
