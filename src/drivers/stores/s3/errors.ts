/** Says what an answer of an S3 store, or the lack of one, means: one sentence, and what to do next. */
import { LongshoreError } from "../../../domain/errors.ts";
import {
  type AskedStore,
  badCredentials,
  doingElse,
  failedInside,
  lineMeaning,
  noBucket,
  otherBytes,
  overQuota,
  statusMeaning,
  storeFailure,
  type StoreMeaning,
  throttled,
  tooLarge,
  unavailable,
  unknownOperation,
  waitedInVain,
  wrongClock,
} from "../../../domain/store-meaning.ts";

/** What the SDK throws; read defensively, for it comes from whatever answered. */
interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly Region?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>>; readonly statusCode?: number };
}

/** An error of the catalogue for whatever the SDK threw. The reason of a cancelled call is given back as it is. */
export function storeError(error: unknown, asked: AskedStore, signal: AbortSignal): unknown {
  if (error instanceof LongshoreError) return error;
  if (signal.aborted) return signal.reason;
  return storeFailure(meaningOf(error as SdkError, asked), asked, error);
}

/** The store's own word for it, such as "NoSuchKey"; "" where it gave none. */
export function nameOf(error: unknown): string {
  const { name } = error as SdkError;
  return typeof name === "string" ? name : "";
}

export function statusOf(error: unknown): number {
  const { $metadata, $response } = error as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode ?? 0;
}

export const isMissing = (error: unknown): boolean =>
  nameOf(error) === "NoSuchKey" || (nameOf(error) !== "NoSuchBucket" && statusOf(error) === 404);

/** Whether the store says that it has no such function, and not only today. */
export const isUnsupported = (error: unknown): boolean =>
  nameOf(error) === "NotImplemented" || statusOf(error) === 501;

function meaningOf(error: SdkError, asked: AskedStore): StoreMeaning {
  return byName(error, asked) ?? byCode(error) ?? byStatus(error, asked);
}

const names: Record<string, StoreMeaning> = {
  NoSuchBucket: noBucket,
  NoSuchUpload: { code: "UploadLost", text: "no longer knows the upload that was begun" },
  InvalidAccessKeyId: badCredentials("does not know the access key"),
  SignatureDoesNotMatch: badCredentials(
    "refuses the signature: the secret key is not that of the access key",
  ),
  InvalidToken: badCredentials("refuses the session token"),
  TokenRefreshRequired: badCredentials("refuses the session token"),
  ExpiredToken: badCredentials("refuses credentials that have expired"),
  ExpiredTokenException: badCredentials("refuses credentials that have expired"),
  CredentialsProviderError: {
    code: "CredentialsInvalid",
    text: "can't be asked: there are no credentials",
    hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or add anonymous=true to the location",
  },
  RequestTimeTooSkewed: wrongClock,
  RequestExpired: wrongClock,
  SlowDown: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  TooManyRequests: throttled,
  RequestLimitExceeded: throttled,
  InternalError: failedInside,
  ServiceUnavailable: unavailable,
  RequestTimeout: waitedInVain,
  OperationAborted: doingElse,
  ConditionalRequestConflict: doingElse,
  BadDigest: otherBytes,
  XAmzContentSHA256Mismatch: otherBytes,
  IncompleteBody: { code: "StoreFailed", text: "received fewer bytes than were sent" },
  QuotaExceeded: overQuota,
  EntityTooLarge: tooLarge,
  KeyTooLongError: { code: "StoreUnsupported", text: "takes no key of this length" },
};

function byName(error: SdkError, asked: AskedStore): StoreMeaning | undefined {
  const name = nameOf(error);
  if (Object.hasOwn(names, name)) return names[name];
  if (isWrongRegion(name, error)) return wrongRegion(error);
  if (name === "AccessDenied" || name === "AllAccessDisabled") return denied(asked);
  if (isUnsupported(error)) return unknownOperation(asked.operation);
  if (error.message === "Region is missing") return wrongRegion(error);
  return undefined;
}

const isWrongRegion = (name: string, error: SdkError): boolean =>
  name === "PermanentRedirect" ||
  name === "AuthorizationHeaderMalformed" ||
  name === "IllegalLocationConstraintException" ||
  statusOf(error) === 301;

function wrongRegion(error: SdkError): StoreMeaning {
  const region = regionIn(error);
  const code = "WrongRegion";
  if (region === undefined) return { code, text: "is not in the region that was asked" };
  return {
    code,
    text: `is in the region ${region}, not in the one that was asked`,
    hint: `add region=${region} to the location`,
  };
}

function regionIn({ Region, $response, message }: SdkError): string | undefined {
  const said = /expecting '([^']+)'/.exec(String(message))?.[1];
  const region = $response?.headers?.["x-amz-bucket-region"] ?? Region ?? said;
  return typeof region === "string" && /^[a-z0-9-]{1,40}$/i.test(region) ? region : undefined;
}

/** The permission that each operation needs, in the words of a bucket's policy. */
const permissions: Record<string, string> = {
  HeadObject: "s3:GetObject",
  HeadBucket: "s3:ListBucket",
  ListObjectsV2: "s3:ListBucket",
  DeleteObjects: "s3:DeleteObject",
  CopyObject: "s3:GetObject and s3:PutObject",
  CreateMultipartUpload: "s3:PutObject",
  UploadPart: "s3:PutObject",
  UploadPartCopy: "s3:GetObject and s3:PutObject",
  CompleteMultipartUpload: "s3:PutObject",
  ListParts: "s3:ListMultipartUploadParts",
  ListMultipartUploads: "s3:ListBucketMultipartUploads",
};

function denied({ operation }: AskedStore): StoreMeaning {
  const permission = permissions[operation] ?? `s3:${operation}`;
  return {
    code: "StoreDenied",
    text: `does not allow ${operation} with these credentials`,
    hint: `allow ${permission} in the policy of the bucket or of the credentials`,
  };
}

/** What stands in the endpoint's name is the bucket's, unless a path of its own holds it. */
const endpointHints: Readonly<Record<string, string>> = {
  ENOTFOUND: "check the endpoint; where buckets have no names of their own in DNS, add forcePathStyle=true",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "check the endpoint; for a name with dots or a path of its own add forcePathStyle=true",
};

function byCode(error: SdkError): StoreMeaning | undefined {
  const code = typeof error.code === "string" ? error.code : "";
  const meaning =
    lineMeaning(code) ?? (nameOf(error) === "TimeoutError" ? lineMeaning("ETIMEDOUT") : undefined);
  const hint = Object.hasOwn(endpointHints, code) ? endpointHints[code] : undefined;
  return meaning === undefined || hint === undefined ? meaning : { ...meaning, hint };
}

function byStatus(error: SdkError, asked: AskedStore): StoreMeaning {
  const status = statusOf(error);
  if (status === 401 || status === 403) return denied(asked);
  if (status === 404) return noBucket;
  return statusMeaning(status, nameOf(error), asked);
}
