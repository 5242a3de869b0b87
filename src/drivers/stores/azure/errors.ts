/** Says what an answer of Azure's blob storage, or the lack of one, means: one sentence, and what to do next. */
import { LongshoreError } from "../../../domain/errors.ts";
import {
  type AskedStore,
  badCredentials,
  cutLine,
  doingElse,
  failedInside,
  lineMeaning,
  otherBytes,
  statusMeaning,
  storeFailure,
  type StoreMeaning,
  throttled,
  tooLarge,
  wrongClock,
} from "../../../domain/store-meaning.ts";

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
export function storeError(error: unknown, asked: AskedStore, signal: AbortSignal): unknown {
  if (error instanceof LongshoreError) return error;
  if (signal.aborted) return signal.reason;
  const sdkError = error as SdkError;
  return storeFailure(meaningOf(sdkError, asked), asked, withoutSecrets(sdkError));
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

function meaningOf(error: SdkError, asked: AskedStore): StoreMeaning {
  if (isSkewed(error)) return wrongClock;
  return byName(nameOf(error), error, asked) ?? byLine(error) ?? byStatus(error, asked);
}

const missing: StoreMeaning = {
  code: "BucketNotFound",
  text: "does not exist, or not in this account",
  hint: "create it, or check its name, the account and the endpoint",
};
const wrongKey = badCredentials("refuses the signature: the key is not that of the account");
const badName: StoreMeaning = { code: "StoreUnsupported", text: "takes no such name" };
const locked: StoreMeaning = {
  code: "StoreDenied",
  text: "holds a blob that somebody has leased or locked",
  hint: "end the lease, or wait until the retention or legal hold is over",
};
const archived: StoreMeaning = {
  code: "StoreDenied",
  text: "holds a blob that is archived, and can't be read or written before it is rehydrated",
  hint: "move it to the hot or cool tier and wait until that is done",
};

/** https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and the common ones. */
const names: Record<string, StoreMeaning> = {
  ContainerNotFound: missing,
  ResourceNotFound: missing,
  InvalidResourceName: badName,
  OutOfRangeInput: badName,
  ContainerBeingDeleted: { code: "StoreBusy", text: "is being deleted" },
  ContainerDisabled: { code: "StoreDenied", text: "was disabled by its administrator" },
  AccountIsDisabled: { code: "StoreDenied", text: "belongs to an account that is disabled" },
  AccountBeingCreated: { code: "StoreBusy", text: "belongs to an account that is being made" },
  InvalidAuthenticationInfo: badCredentials("does not understand the credentials"),
  NoAuthenticationInformation: badCredentials("does not let in those who have no credentials"),
  PublicAccessNotPermitted: badCredentials("does not let in those who have no credentials"),
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
  ServerBusy: throttled,
  IngressOverAccountLimit: throttled,
  EgressOverAccountLimit: throttled,
  TooManyRequests: throttled,
  InternalError: failedInside,
  OperationTimedOut: { code: "StoreFailed", text: "did not get it done in its own time" },
  Md5Mismatch: otherBytes,
  Crc64Mismatch: otherBytes,
  LeaseIdMissing: locked,
  LeaseIdMismatchWithBlobOperation: locked,
  BlobImmutableDueToPolicy: locked,
  BlobImmutableDueToLegalHold: locked,
  BlobArchived: archived,
  BlobBeingRehydrated: archived,
  BlobOverwritten: doingElse,
  PendingCopyOperation: doingElse,
  SnapshotOperationRateExceeded: throttled,
  ConditionNotMet: doingElse,
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

function byName(name: string, error: SdkError, asked: AskedStore): StoreMeaning | undefined {
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
function notAuthenticated(error: SdkError): StoreMeaning {
  const detail = detailOf(error);
  if (/not valid in the specified time frame|expir/i.test(detail))
    return badCredentials("refuses a SAS token that is not valid yet or any more");
  if (/date header too old/i.test(detail)) return wrongClock;
  return wrongKey;
}

/** A firewall's refusal; the emulator also says it of a wrong signature. */
function notAuthorized(error: SdkError, asked: AskedStore): StoreMeaning {
  const isAnonymous = error.request?.headers?.get("authorization") === undefined;
  if (/failed to authenticate/i.test(detailOf(error)))
    return isAnonymous ? badCredentials("does not let in those who have no valid credentials") : wrongKey;
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

function denied({ operation }: AskedStore): StoreMeaning {
  const letter = permissions[operation] ?? "w";
  const role = letter === "l" || letter === "r" ? "Reader" : "Contributor";
  return {
    code: "StoreDenied",
    text: `does not allow ${operation} with these credentials`,
    hint: `allow it in the SAS token (sp=…${letter}…), or give the role Storage Blob Data ${role}`,
  };
}

/** The SDK's words for an answer that ended before it was whole. */
const endedEarly = new Set<unknown>(["PARSE_ERROR", "REQUEST_SEND_ERROR"]);

/** Undefined where there was an answer, or nobody knows what happened. */
function byLine({ code, statusCode }: SdkError): StoreMeaning | undefined {
  if (typeof statusCode === "number") return code === "PARSE_ERROR" ? cutLine : undefined;
  const meaning = endedEarly.has(code) ? cutLine : lineMeaning(code);
  if (code !== "ENOTFOUND" || meaning === undefined) return meaning;
  return {
    ...meaning,
    text: "can't be reached: its account's endpoint has no address",
    hint: "check the account and the endpoint in the location",
  };
}

function byStatus(error: SdkError, asked: AskedStore): StoreMeaning {
  const status = statusOf(error);
  if (status === 401 || status === 403) return denied(asked);
  if (status === 404) return missing;
  return statusMeaning(status, nameOf(error), asked);
}
