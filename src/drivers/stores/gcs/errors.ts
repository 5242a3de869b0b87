/** Says what an answer of Google Cloud Storage, or the lack of one, means: one sentence, and what to do next. */
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
} from "../../../domain/store-meaning.ts";

/** What was asked, and how. */
export interface Asked extends AskedStore {
  /** Whether credentials were sent. */
  readonly isAnonymous: boolean;
}

/** An answer that is no success. */
export interface AnswerError extends Error {
  readonly status: number;
  /** Google's own word for it, such as "conditionNotMet"; "" where it gave none. */
  readonly reason: string;
}

/** Makes the error of an answer out of its status and body (https://cloud.google.com/storage/docs/json_api/v1/status-codes). */
export function answerError(status: number, body: string): AnswerError {
  const { reason, message } = parsedError(body);
  return Object.assign(new Error(`${status} ${message}`), { status, reason });
}

interface ParsedError {
  readonly reason: string;
  readonly message: string;
}

/** Where it is none of Google's documents, the answer is some proxy's. */
function parsedError(body: string): ParsedError {
  const text = body.slice(0, 500);
  try {
    const { error } = JSON.parse(body) as {
      error?: { message?: unknown; errors?: readonly { reason?: unknown }[] };
    };
    const reason = error?.errors?.[0]?.reason;
    return {
      reason: typeof reason === "string" ? reason : "",
      message: typeof error?.message === "string" ? error.message.slice(0, 500) : text,
    };
  } catch {
    return { reason: "", message: text };
  }
}

/** An error of the catalogue for whatever went wrong. The reason of a cancelled call is given back as it is. */
export function storeError(error: unknown, asked: Asked, signal: AbortSignal): unknown {
  if (error instanceof LongshoreError) return error;
  if (signal.aborted) return signal.reason;
  const meaning = isAnswer(error)
    ? answerMeaning(error, asked)
    : lineMeaning((error as { code?: unknown }).code);
  return storeFailure(meaning ?? statusMeaning(0, "", asked), asked, error);
}

const isAnswer = (error: unknown): error is AnswerError =>
  error instanceof Error && "status" in error && "reason" in error;

export const statusOf = (error: unknown): number => (isAnswer(error) ? error.status : 0);

/** The object is not there; a bucket that is not there has a message of its own. */
export const isMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && !isBucketMissing(error as AnswerError);

const isBucketMissing = ({ message }: Error): boolean => /bucket does not exist/i.test(message);

/** A precondition did not hold. Policies of an organisation answer with the same status. */
export const isConditionFailed = (error: unknown): boolean =>
  statusOf(error) === 412 && (error as AnswerError).reason !== "orgPolicyConstraintFailed";

/** Whether the store says no to this once and for all, and not only today. */
export function isRefusal(error: unknown): boolean {
  if (!isAnswer(error) || error.status < 400 || error.status >= 500) return false;
  return ![401, 408, 429].includes(error.status) && !busyReasons.has(error.reason);
}

const busyReasons = new Set(["rateLimitExceeded", "userRateLimitExceeded", "usageLimits"]);

const reasons: Record<string, StoreMeaning> = {
  conditionNotMet: doingElse,
  conflict: doingElse,
  backendError: unavailable,
  internalError: failedInside,
  quotaExceeded: overQuota,
  dailyLimitExceeded: { code: "DestinationFull", text: "has used up its quota of requests for today" },
  uploadTooLarge: tooLarge,
  accountDisabled: { code: "StoreDenied", text: "belongs to an account that is disabled" },
  UserProjectAccountProblem: {
    code: "StoreDenied",
    text: "can't bill the project that userProject names",
    hint: "check the billing account of that project",
  },
  userProjectMissing: {
    code: "StoreDenied",
    text: "lets requesters pay, and nobody is named who does",
    hint: "add userProject=PROJECT to the location",
  },
  UserProjectAccessDenied: {
    code: "StoreDenied",
    text: "may not bill the project that userProject names with these credentials",
    hint: "allow serviceusage.services.use in that project",
  },
  insufficientPermissions: {
    code: "StoreDenied",
    text: "takes the credentials, but their scopes do not reach to storage",
    hint: "give the machine or the token the scope devstorage.read_write",
  },
  retentionPolicyNotMet: {
    code: "StoreDenied",
    text: "keeps every object for a time (retention policy), so nothing in it can be replaced or removed",
    hint: "use a bucket without a retention policy",
  },
  objectUnderActiveHold: {
    code: "StoreDenied",
    text: "holds an object that has to be replaced or removed",
    hint: "release the hold, or use a bucket whose objects are not held by default",
  },
  orgPolicyConstraintFailed: {
    code: "StoreDenied",
    text: "is under a policy of its organisation that forbids this",
    hint: "ask whoever administers the organisation",
  },
  sslRequired: { code: "StoreUntrusted", text: "wants TLS", hint: "give an endpoint with https://" },
};

function answerMeaning(error: AnswerError, asked: Asked): StoreMeaning {
  if (Object.hasOwn(reasons, error.reason)) return reasons[error.reason] ?? throttled;
  if (busyReasons.has(error.reason)) return throttled;
  // Both are said with the same reason as any other mistake in a request.
  if (error.status === 400 && /doesn't match calculated/i.test(error.message)) return otherBytes;
  return byStatus(error, asked);
}

/** What they ask for can only be missing with its bucket. */
const ofBucket = new Set(["objects.list", "objects.insert"]);

function byStatus(error: AnswerError, asked: Asked): StoreMeaning {
  const { status, reason } = error;
  if (status === 401) return unauthenticated(asked);
  if (status === 403) return denied(error, asked);
  if (status === 404) return missing(error, asked);
  if (status === 412) return doingElse;
  return statusMeaning(status, reason, asked);
}

const missing = (error: AnswerError, { operation }: Asked): StoreMeaning =>
  isBucketMissing(error) || ofBucket.has(operation)
    ? noBucket
    : { code: "StoreFailed", text: "no longer has what it had a moment ago" };

function unauthenticated({ isAnonymous }: Asked): StoreMeaning {
  if (!isAnonymous) return badCredentials("refuses the credentials");
  return {
    code: "CredentialsInvalid",
    text: "wants credentials, and none were sent",
    hint: "leave anonymous=true out of the location; to send credentials to an endpoint of your own, name its origin in LONGSHORE_GS_TRUSTED_ENDPOINTS",
  };
}

/** The permissions that each operation needs, in the words of IAM. */
const permissions: Record<string, string> = {
  "objects.insert": "storage.objects.create (and storage.objects.delete to replace)",
  "objects.compose": "storage.objects.create, storage.objects.get and storage.objects.delete",
  "objects.rewrite": "storage.objects.create and storage.objects.get",
};

/** Google names the permission it misses: "… does not have storage.objects.create access to …". */
function denied({ message }: AnswerError, { operation }: Asked): StoreMeaning {
  const permission = /\bstorage\.[a-zA-Z]+\.[a-zA-Z]+\b/.exec(message)?.[0];
  return {
    code: "StoreDenied",
    text: `does not allow ${operation} with these credentials`,
    hint: `allow ${permission ?? permissions[operation] ?? `storage.${operation}`} on the bucket`,
  };
}
