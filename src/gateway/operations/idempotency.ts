/** Keeps the first answer of a request with an Idempotency-Key and gives it again. */
import { createHash } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { Idempotency } from "../../domain/ports/idempotency.ts";
import type { Answer, Operation } from "./operation.ts";

export interface KeyedRequest {
  readonly operation: Operation;
  readonly actor: string;
  readonly key: string | undefined;
  /** The path with its parameters, and the body as it was parsed. */
  readonly path: string;
  readonly body: unknown;
}

export interface KeyedAnswer {
  readonly answer: Answer;
  /** Whether it is the first one again: nothing was done now. */
  readonly isReplay: boolean;
}

/**
 * Does the work once for each key, or says the first answer again. `work` records what it did before it resolves.
 * Throws IdempotencyMismatch, Conflict where the first is still at work, InvalidRequest, and what the work throws.
 */
export async function onceForKey(
  idempotency: Idempotency,
  request: KeyedRequest,
  work: (requestId: string | undefined) => Promise<Answer>,
  signal: AbortSignal,
): Promise<KeyedAnswer> {
  const { operation, actor, key } = request;
  if (key === undefined || operation.idempotent !== true)
    return { answer: await work(undefined), isReplay: false };
  if (!/^[\x20-\x7e]{1,255}$/.test(key))
    throw new LongshoreError(
      "InvalidRequest",
      "the Idempotency-Key is not 1 to 255 printable ASCII characters",
    );
  const outcome = idempotency.begin(actor, key, digestOf(request));
  if (outcome.kind === "mismatch")
    throw new LongshoreError("IdempotencyMismatch", "the Idempotency-Key was used for another request");
  if (outcome.kind === "running")
    throw new LongshoreError("Conflict", "the first request with this Idempotency-Key is still at work", {
      hint: "send it again in a moment",
    });
  if (outcome.kind === "done")
    return { answer: await firstAnswer(operation, outcome, signal), isReplay: true };
  return { answer: await keep(idempotency, { actor, key }, () => work(outcome.requestId)), isReplay: false };
}

async function keep(
  idempotency: Idempotency,
  { actor, key }: { readonly actor: string; readonly key: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    const answer = await work();
    const location = answer.headers?.["Location"];
    idempotency.finish(actor, key, {
      status: answer.status,
      headers: location === undefined ? {} : { location },
      body: JSON.stringify(answer.kept ?? answer.body ?? null),
    });
    return answer;
  } catch (error) {
    idempotency.abandon(actor, key);
    throw error;
  }
}

async function firstAnswer(
  operation: Operation,
  reply: Parameters<NonNullable<Operation["replay"]>>[0],
  signal: AbortSignal,
): Promise<Answer> {
  if (operation.replay !== undefined) return operation.replay(reply, signal);
  const { location } = reply.headers;
  return {
    status: operation.answer.status,
    headers: location === undefined ? {} : { Location: location },
    body: JSON.parse(reply.body) as unknown,
  };
}

const digestOf = ({ operation, path, body }: KeyedRequest): string =>
  createHash("sha256")
    .update(JSON.stringify([operation.method, path, body ?? null]))
    .digest("hex");
