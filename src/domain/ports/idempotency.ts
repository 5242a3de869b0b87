/**
 * Answers a request again that a client sends twice with the same Idempotency-Key, for 24 hours after the first.
 *
 * The one gap is a server that dies, or an answer that gets lost, between the work and `finish`. What the request makes
 * therefore carries the request id: in its annotation `requestAnnotation`, or in its name where the server chooses that.
 * Where the work then throws AlreadyExists and the one that is there carries the same id, this very request has made it:
 * answer as if it had been made just now. Clients may not set that annotation themselves.
 */
export interface Idempotency {
  /** Of a key that is new, or whose work was cut off, the caller does the work, then `finish` or `abandon`. Durable when it returns. */
  begin(actor: string, key: string, requestDigest: string): IdempotencyOutcome;
  /** Keeps the answer. `body` holds no secret: what is said only once is made again from what `location` names. */
  finish(actor: string, key: string, reply: IdempotentReply): void;
  /** The request was refused or failed: the same again is tried again, and another may have the key. None is no error. */
  abandon(actor: string, key: string): void;
}

/** Of a resource: the id of the request with an Idempotency-Key that made it. */
export const requestAnnotation = "longshore.dev/request";

export interface IdempotentReply {
  readonly status: number;
  readonly headers: { readonly location?: string };
  readonly body: string;
}

export type IdempotencyOutcome =
  /** `requestId` is the same whenever this request is begun again, also by the next process. */
  | { readonly kind: "new"; readonly requestId: string }
  /** Begun in this process and not ended. */
  | { readonly kind: "running" }
  | ({ readonly kind: "done" } & IdempotentReply)
  /** The key was used for another request. */
  | { readonly kind: "mismatch" };
