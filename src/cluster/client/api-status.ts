/** What the API server says when it does not do what was asked (meta/v1 Status), as errors of the catalogue. */
import { z } from "zod";
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";

const Status = z.object({
  kind: z.literal("Status"),
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.int().optional(),
  details: z
    .object({
      name: z.string().optional(),
      retryAfterSeconds: z.number().optional(),
      causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })).nullish(),
    })
    .nullish(),
});

/** What an answer says for programs. */
interface ApiStatus {
  /** Of the HTTP answer, or of the Status in a watch. */
  readonly code: number;
  /** The machine's word for it, as "AlreadyExists"; empty where the answer was none of the API server's. */
  readonly reason: string;
  /** The name of what it is about, empty where it is about no single object. */
  readonly subject: string;
  /** Reasons of single fields or rules, as "NamespaceTerminating". */
  readonly causes: readonly string[];
  /** Milliseconds that it asks to wait. */
  readonly retryAfter: number | undefined;
}

/** The `cause` of every error that the API server's answer led to. */
export class ApiStatusError extends Error implements ApiStatus {
  override readonly name = "ApiStatusError";
  readonly code: number;
  readonly reason: string;
  readonly subject: string;
  readonly causes: readonly string[];
  readonly retryAfter: number | undefined;

  constructor(message: string, { code, reason, subject, causes, retryAfter }: ApiStatus) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.subject = subject;
    this.causes = causes;
    this.retryAfter = retryAfter;
  }
}

export interface ApiAnswer {
  readonly code: number;
  /** "GET /api/v1/pods": its path only, for a query may be long. */
  readonly request: string;
  /** Parsed JSON, if the answer was that. */
  readonly status: unknown;
  /** The header. */
  readonly retryAfter?: string | undefined;
}

/** What the API server's answer was, if the error came from one. */
export function apiStatusOf(error: unknown): ApiStatusError | undefined {
  return error instanceof LongshoreError && error.cause instanceof ApiStatusError ? error.cause : undefined;
}

/** The error that an answer outside 2xx means; its message is the API server's own sentence. */
export function apiError(answer: ApiAnswer): LongshoreError {
  const status = Status.safeParse(answer.status).data ?? noStatus;
  const message = shortened(status.message) ?? `the API server answered ${answer.code} to ${answer.request}`;
  const cause = new ApiStatusError(message, { code: status.code ?? answer.code, ...factsOf(status, answer) });
  const code = codeOf(cause);
  const hint = hints[code];
  return new LongshoreError(code, message, { cause, ...(hint === undefined ? {} : { hint }) });
}

const noStatus: z.infer<typeof Status> = { kind: "Status" };

function factsOf(
  { reason = "", details }: z.infer<typeof Status>,
  answer: ApiAnswer,
): Omit<ApiStatus, "code"> {
  const seconds = details?.retryAfterSeconds ?? secondsOf(answer.retryAfter);
  return {
    reason,
    subject: details?.name ?? "",
    causes: (details?.causes ?? []).flatMap((cause) => cause.reason ?? []),
    retryAfter: seconds === undefined ? undefined : seconds * 1000,
  };
}

const codes: Readonly<Partial<Record<number, ErrorCode>>> = {
  400: "InvalidDocument",
  401: "Unauthenticated",
  403: "Forbidden",
  404: "ResourceNotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "WatchExpired",
  413: "TooLarge",
  415: "UnsupportedMediaType",
  422: "InvalidDocument",
  429: "TooManyRequests",
};

const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  InvalidDocument: "change what the message names",
  Unauthenticated: "check the user of the kubeconfig's context, or the service account's token",
  Forbidden: "ask whoever runs the cluster for the right, or change what is refused",
  ServerFailed: "run it again; if it stays, look into the log of the cluster's API server",
};

function codeOf({ code, reason, causes }: ApiStatusError): ErrorCode {
  if (reason === "AlreadyExists") return "AlreadyExists";
  // A version that this server has not reached, as after a restore: what was read before says nothing of it now.
  if (causes.includes("ResourceVersionTooLarge")) return "WatchExpired";
  return codes[code] ?? (code >= 400 && code < 500 ? "InvalidRequest" : "ServerFailed");
}

const longest = 2000;

function shortened(message: string | undefined): string | undefined {
  if (message === undefined || message === "") return undefined;
  return message.length > longest ? `${message.slice(0, longest)}…` : message;
}

function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}
