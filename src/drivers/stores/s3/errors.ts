/** Says what an answer of an S3 store, or the lack of one, means: one sentence, and what to do next. */
import { type ErrorCode, LongshoreError } from "../../../domain/errors.ts";

/** What was asked, for messages. */
export interface Asked {
  /** Of the S3 API: "PutObject". */
  readonly operation: string;
  /** The bucket as it is displayed. */
  readonly displayed: string;
  readonly key?: string | undefined;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint?: string;
}

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
export function storeError(error: unknown, asked: Asked, signal: AbortSignal): unknown {
  if (error instanceof LongshoreError) return error;
  if (signal.aborted) return signal.reason;
  const meaning = meaningOf(error as SdkError, asked);
  const key = asked.key === undefined ? "" : ` (at ${asked.key})`;
  return new LongshoreError(meaning.code, `${asked.displayed} ${meaning.text}${key}`, {
    cause: error,
    ...(meaning.hint === undefined ? undefined : { hint: meaning.hint }),
  });
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

function meaningOf(error: SdkError, asked: Asked): Meaning {
  return byName(error, asked) ?? byCode(error) ?? byStatus(error, asked);
}

const credentials = (text: string): Meaning => ({ code: "CredentialsInvalid", text });
const busy: Meaning = { code: "StoreBusy", text: "asks for fewer requests (throttling)" };

const names: Record<string, Meaning> = {
  NoSuchBucket: { code: "BucketNotFound", text: "does not exist" },
  NoSuchUpload: { code: "UploadLost", text: "no longer knows the upload that was begun" },
  InvalidAccessKeyId: credentials("does not know the access key"),
  SignatureDoesNotMatch: credentials("refuses the signature: the secret key is not that of the access key"),
  InvalidToken: credentials("refuses the session token"),
  TokenRefreshRequired: credentials("refuses the session token"),
  ExpiredToken: credentials("refuses credentials that have expired"),
  ExpiredTokenException: credentials("refuses credentials that have expired"),
  CredentialsProviderError: {
    code: "CredentialsInvalid",
    text: "can't be asked: there are no credentials",
    hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or add anonymous=true to the location",
  },
  RequestTimeTooSkewed: { code: "ClockSkewed", text: "refuses the request: this machine's clock is wrong" },
  RequestExpired: { code: "ClockSkewed", text: "refuses the request: this machine's clock is wrong" },
  SlowDown: busy,
  Throttling: busy,
  ThrottlingException: busy,
  TooManyRequests: busy,
  RequestLimitExceeded: busy,
  InternalError: { code: "StoreFailed", text: "failed inside" },
  ServiceUnavailable: { code: "StoreBusy", text: "is not available just now" },
  RequestTimeout: { code: "StoreUnreachable", text: "waited in vain for the rest of a request" },
  OperationAborted: { code: "StoreFailed", text: "was doing something else with the same object" },
  ConditionalRequestConflict: { code: "StoreFailed", text: "was doing something else with the same object" },
  BadDigest: { code: "StoreFailed", text: "received other bytes than were sent" },
  XAmzContentSHA256Mismatch: { code: "StoreFailed", text: "received other bytes than were sent" },
  IncompleteBody: { code: "StoreFailed", text: "received fewer bytes than were sent" },
  QuotaExceeded: { code: "DestinationFull", text: "has used up its quota" },
  EntityTooLarge: { code: "StoreUnsupported", text: "takes no object of this size" },
  KeyTooLongError: { code: "StoreUnsupported", text: "takes no key of this length" },
};

function byName(error: SdkError, asked: Asked): Meaning | undefined {
  const name = nameOf(error);
  if (Object.hasOwn(names, name)) return names[name];
  if (isWrongRegion(name, error)) return wrongRegion(error);
  if (name === "AccessDenied" || name === "AllAccessDisabled") return denied(asked);
  if (isUnsupported(error))
    return { code: "StoreUnsupported", text: `has no ${asked.operation} as it was asked for` };
  if (error.message === "Region is missing") return wrongRegion(error);
  return undefined;
}

const isWrongRegion = (name: string, error: SdkError): boolean =>
  name === "PermanentRedirect" ||
  name === "AuthorizationHeaderMalformed" ||
  name === "IllegalLocationConstraintException" ||
  statusOf(error) === 301;

function wrongRegion(error: SdkError): Meaning {
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

function denied({ operation }: Asked): Meaning {
  const permission = permissions[operation] ?? `s3:${operation}`;
  return {
    code: "StoreDenied",
    text: `does not allow ${operation} with these credentials`,
    hint: `allow ${permission} in the policy of the bucket or of the credentials`,
  };
}

const unreachable = (text: string, hint?: string): Meaning => ({
  code: "StoreUnreachable",
  text,
  ...(hint === undefined ? undefined : { hint }),
});

const cut = unreachable("broke the connection");
const codes: Record<string, Meaning> = {
  ECONNREFUSED: unreachable("can't be reached: nobody listens at its endpoint"),
  ENOTFOUND: unreachable(
    "can't be reached: its endpoint has no address",
    "check the endpoint; where buckets have no names of their own in DNS, add forcePathStyle=true",
  ),
  EAI_AGAIN: unreachable("can't be reached: its endpoint's address can't be looked up just now"),
  ECONNRESET: cut,
  EPIPE: cut,
  ECONNABORTED: cut,
  ERR_STREAM_PREMATURE_CLOSE: cut,
  ETIMEDOUT: unreachable("does not answer"),
  EHOSTUNREACH: unreachable("can't be reached: there is no way to its endpoint"),
  ENETUNREACH: unreachable("can't be reached: there is no way to its endpoint"),
  EPROTO: {
    code: "StoreUntrusted",
    text: "does not speak TLS at its endpoint",
    hint: "check the endpoint: http:// is another than https://",
  },
};

const certificateCode =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT|HOSTNAME_MISMATCH|ERR_SSL)/;

function byCode(error: SdkError): Meaning | undefined {
  const code = typeof error.code === "string" ? error.code : "";
  if (Object.hasOwn(codes, code)) return codes[code];
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return {
      code: "StoreUntrusted",
      text: "has a certificate of another name than its endpoint's",
      hint: "check the endpoint; for a name with dots or a path of its own add forcePathStyle=true",
    };
  if (certificateCode.test(code))
    return { code: "StoreUntrusted", text: `has a certificate that is not trusted (${code})` };
  if (nameOf(error) === "TimeoutError") return codes["ETIMEDOUT"];
  return undefined;
}

function byStatus(error: SdkError, asked: Asked): Meaning {
  const status = statusOf(error);
  if (status === 401 || status === 403) return denied(asked);
  if (status === 404) return { code: "BucketNotFound", text: "does not exist" };
  if (status === 429) return busy;
  if (status === 503) return { code: "StoreBusy", text: "is not available just now" };
  if (status === 507) return { code: "DestinationFull", text: "is full" };
  if (status >= 500 || status === 408) return { code: "StoreFailed", text: `answered with ${status}` };
  if (status >= 400)
    return {
      code: "StoreUnsupported",
      text: `refuses ${asked.operation} with ${nameOf(error) || status}`,
      hint: "check the parameters of the location; --verbose shows the store's answer",
    };
  return { code: "StoreFailed", text: `gave no answer that can be understood to ${asked.operation}` };
}
