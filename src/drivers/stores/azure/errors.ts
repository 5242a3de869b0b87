/** Says what an answer of Azure's blob storage, or the lack of one, means: one sentence, and what to do next. */
import { LongshoreError } from "../../../domain/errors.ts";
import { lineMeaning } from "./line-errors.ts";
import type { Meaning } from "./meaning.ts";

/** What was asked, for messages. */
export interface Asked {
  /** Of the REST API: "Put Block". */
  readonly operation: string;
  /** The container as it is displayed. */
  readonly displayed: string;
  readonly key?: string | undefined;
}

interface Headers {
  get(name: string): string | undefined;
}

/** What the SDK throws; read defensively, for it comes from whatever answered. */
interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly details?: { readonly errorCode?: unknown; readonly authenticationErrorDetail?: unknown };
  readonly request?: { readonly headers?: Headers };
  readonly response?: { readonly headers?: Headers; readonly bodyAsText?: string | null };
}

/** An error of the catalogue for whatever the SDK threw. The reason of a cancelled call is given back as it is. */
export function storeError(error: unknown, asked: Asked, signal: AbortSignal): unknown {
  if (error instanceof LongshoreError) return error;
  if (signal.aborted) return signal.reason;
  const sdkError = error as SdkError;
  const { code, text, hint } = meaningOf(sdkError, asked);
  const key = asked.key === undefined || asked.key === "" ? "" : ` (at ${asked.key})`;
  return new LongshoreError(code, `${asked.displayed} ${text}${key}`, {
    cause: withoutSecrets(sdkError),
    ...(hint === undefined ? undefined : { hint }),
  });
}

/** The store's own word for it, such as "BlobNotFound"; "" where it gave none. */
export function nameOf(error: unknown): string {
  const { details, response, code, statusCode } = error as SdkError;
  const said = details?.errorCode ?? response?.headers?.get("x-ms-error-code");
  if (typeof said === "string") return said;
  return typeof statusCode === "number" && typeof code === "string" ? code : "";
}

export function statusOf(error: unknown): number {
  const { statusCode } = error as SdkError;
  return typeof statusCode === "number" ? statusCode : 0;
}

/** Whether there is no such blob; a container that is not there is an error. */
export const isMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && (nameOf(error) === "BlobNotFound" || nameOf(error) === "");

/** The SDK's own error holds the request with its signature: what is kept of it is only what the store said. */
function withoutSecrets(error: SdkError): Error {
  const { message, response } = error;
  const said = `${typeof message === "string" ? message : ""}\n${response?.bodyAsText ?? ""}`.trim();
  const cause = new Error(said.slice(0, 4000).replaceAll(/\b(sig|signature)=[^&\s'"<]*/gi, "$1=…"));
  cause.name = `${nameOf(error) || String(error.code ?? error.name)} ${statusOf(error) || ""}`.trim();
  return cause;
}

function meaningOf(error: SdkError, asked: Asked): Meaning {
  if (isSkewed(error)) return skewed;
  return byName(nameOf(error), error, asked) ?? lineMeaning(error) ?? byStatus(error, asked);
}

const credentials = (text: string): Meaning => ({ code: "CredentialsInvalid", text });
const busy: Meaning = { code: "StoreBusy", text: "asks for fewer requests (throttling)" };
const otherBytes: Meaning = { code: "StoreFailed", text: "received other bytes than were sent" };
const elsewhere: Meaning = {
  code: "StoreFailed",
  text: "was doing something else with the same blob",
};
const missing: Meaning = {
  code: "BucketNotFound",
  text: "does not exist, or not in this account",
  hint: "create it, or check its name, the account and the endpoint",
};
const wrongKey = credentials("refuses the signature: the key is not that of the account");
const skewed: Meaning = { code: "ClockSkewed", text: "refuses the request: this machine's clock is wrong" };
const tooLarge: Meaning = { code: "StoreUnsupported", text: "takes no blob or block of this size" };
const badName: Meaning = { code: "StoreUnsupported", text: "takes no such name" };
const locked: Meaning = {
  code: "StoreDenied",
  text: "holds a blob that somebody has leased or locked",
  hint: "end the lease, or wait until the retention or legal hold is over",
};
const archived: Meaning = {
  code: "StoreDenied",
  text: "holds a blob that is archived, and can't be read or written before it is rehydrated",
  hint: "move it to the hot or cool tier and wait until that is done",
};

/** https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and the common ones. */
const names: Record<string, Meaning> = {
  ContainerNotFound: missing,
  ResourceNotFound: missing,
  InvalidResourceName: badName,
  OutOfRangeInput: badName,
  ContainerBeingDeleted: { code: "StoreBusy", text: "is being deleted" },
  ContainerDisabled: { code: "StoreDenied", text: "was disabled by its administrator" },
  AccountIsDisabled: { code: "StoreDenied", text: "belongs to an account that is disabled" },
  AccountBeingCreated: { code: "StoreBusy", text: "belongs to an account that is being made" },
  InvalidAuthenticationInfo: credentials("does not understand the credentials"),
  NoAuthenticationInformation: credentials("does not let in those who have no credentials"),
  PublicAccessNotPermitted: credentials("does not let in those who have no credentials"),
  KeyBasedAuthenticationNotPermitted: {
    code: "StoreDenied",
    text: "belongs to an account that takes no account keys",
    hint: "use a SAS token of a user delegation key, or allow shared key access in the account",
  },
  AuthorizationProtocolMismatch: {
    code: "StoreDenied",
    text: "takes these credentials by https only",
    hint: "write https:// in the endpoint",
  },
  AuthorizationSourceIPMismatch: {
    code: "StoreDenied",
    text: "does not take these credentials from this address",
    hint: "use a SAS token without sip, or with this machine's address",
  },
  ServerBusy: busy,
  IngressOverAccountLimit: busy,
  EgressOverAccountLimit: busy,
  TooManyRequests: busy,
  InternalError: { code: "StoreFailed", text: "failed inside" },
  OperationTimedOut: { code: "StoreFailed", text: "did not get it done in its own time" },
  Md5Mismatch: otherBytes,
  Crc64Mismatch: otherBytes,
  LeaseIdMissing: locked,
  LeaseIdMismatchWithBlobOperation: locked,
  BlobImmutableDueToPolicy: locked,
  BlobImmutableDueToLegalHold: locked,
  BlobArchived: archived,
  BlobBeingRehydrated: archived,
  BlobOverwritten: elsewhere,
  PendingCopyOperation: elsewhere,
  SnapshotOperationRateExceeded: busy,
  ConditionNotMet: elsewhere,
  RequestBodyTooLarge: tooLarge,
  MaxBlobSizeConditionNotMet: tooLarge,
  BlockCountExceedsLimit: {
    code: "StoreUnsupported",
    text: "has as many uncommitted blocks under this name as it takes",
    hint: "make the export under another --name, or wait a week until they expire",
  },
  InvalidBlobOrBlock: {
    code: "StoreUnsupported",
    text: "has blocks of another program under this name",
    hint: "make the export under another --name, or wait a week until they expire",
  },
  InvalidBlobType: {
    code: "StoreUnsupported",
    text: "has a page blob or an append blob under this name",
    hint: "remove it, or make the export under another --name",
  },
  AccountLimitExceeded: { code: "DestinationFull", text: "has used up the account's limit" },
};

function byName(name: string, error: SdkError, asked: Asked): Meaning | undefined {
  if (Object.hasOwn(names, name)) return names[name];
  if (name === "AuthenticationFailed") return notAuthenticated(error);
  if (name === "AuthorizationFailure") return notAuthorized(error, asked);
  // The emulator has no other word for it.
  if (name === "InvalidOperation" && /contentMD5/.test(String(error.message))) return otherBytes;
  return undefined;
}

/** What the store says beside its word, for people. */
const detailOf = ({ message, details, response }: SdkError): string =>
  [message, details?.authenticationErrorDetail, response?.bodyAsText].map(String).join("\n");

/** A signature that is wrong, and one that is right at another time. */
function notAuthenticated(error: SdkError): Meaning {
  const detail = detailOf(error);
  if (/not valid in the specified time frame|expir/i.test(detail))
    return credentials("refuses a SAS token that is not valid yet or any more");
  if (/date header too old/i.test(detail)) return skewed;
  return wrongKey;
}

/** A firewall's refusal; the emulator also says it of a wrong signature. */
function notAuthorized(error: SdkError, asked: Asked): Meaning {
  const isAnonymous = error.request?.headers?.get("authorization") === undefined;
  if (/failed to authenticate/i.test(detailOf(error)))
    return isAnonymous ? credentials("does not let in those who have no valid credentials") : wrongKey;
  return {
    code: "StoreDenied",
    text: `does not allow ${asked.operation} from here with these credentials`,
    hint: "allow this network in the account's firewall, and the operation in the SAS token or role",
  };
}

/** Azure refuses what is signed more than a quarter of an hour before or after its own time. */
const mostSkew = 15 * 60_000;

function isSkewed(error: SdkError): boolean {
  if (statusOf(error) !== 403) return false;
  const ours = Date.parse(error.request?.headers?.get("x-ms-date") ?? "");
  const theirs = Date.parse(error.response?.headers?.get("date") ?? "");
  return Math.abs(ours - theirs) > mostSkew;
}

/** The letter that each operation needs in a SAS token. */
const permissions: Record<string, string> = {
  "List Blobs": "l",
  "Get Blob": "r",
  "Get Blob Properties": "r",
  "Get Block List": "r",
  "Delete Blob": "d",
};

function denied({ operation }: Asked): Meaning {
  const letter = permissions[operation] ?? "w";
  const role = letter === "l" || letter === "r" ? "Reader" : "Contributor";
  return {
    code: "StoreDenied",
    text: `does not allow ${operation} with these credentials`,
    hint: `allow it in the SAS token (sp=…${letter}…), or give the role Storage Blob Data ${role}`,
  };
}

function byStatus(error: SdkError, asked: Asked): Meaning {
  const status = statusOf(error);
  if (status === 401 || status === 403) return denied(asked);
  if (status === 404) return missing;
  if (status === 429) return busy;
  if (status === 413) return tooLarge;
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
