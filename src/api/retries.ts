/** Tries calls that may be made twice until they succeed, a bounded number of times. */
import { waitAfter } from "../domain/back-off.ts";
import { catalogue } from "../domain/errors.ts";
import { attempt, type Outcome, type Request } from "./attempt.ts";
import type { Connection } from "./client-options.ts";

const waits = { first: 250, longest: 30_000 };
/** Who is told to wait longer has to decide that himself. */
const mostRetryAfter = 20;

export interface Settled {
  readonly outcome: Outcome;
  /** Whether an attempt before this one may have been carried out, its answer being lost. */
  readonly mayHaveHappened: boolean;
}

/** A POST goes with one Idempotency-Key in all its attempts; a PATCH with If-Match is tried once. */
export async function withRetries(
  connection: Connection,
  request: Request,
  signal: AbortSignal,
): Promise<Settled> {
  const keyed =
    request.method === "POST"
      ? { ...request, headers: { ...request.headers, "Idempotency-Key": connection.newKey() } }
      : request;
  const attempts = request.headers?.["If-Match"] === undefined ? connection.attempts : 1;
  let mayHaveHappened = false;
  for (let count = 1; ; count++) {
    const outcome = await attempt(connection, keyed, signal);
    if (count >= attempts || !mayHelp(outcome, request, mayHaveHappened)) return { outcome, mayHaveHappened };
    mayHaveHappened ||= outcome.ok || outcome.status === undefined || outcome.status >= 500;
    await connection.sleep(waitBefore(count, outcome, connection.random), signal);
  }
}

function mayHelp(outcome: Outcome, { method }: Request, mayHaveHappened: boolean): boolean {
  if (outcome.ok) return false;
  const { status, error, retryAfterSeconds } = outcome;
  if (status === undefined) return true;
  if (retryAfterSeconds !== undefined && retryAfterSeconds > mostRetryAfter) return false;
  if (status === 429) return true;
  // Our own first attempt still runs.
  if (status === 409) return method === "POST" && error.code === "Conflict" && mayHaveHappened;
  return status >= 500 && catalogue[error.code].retryable;
}

function waitBefore(count: number, outcome: Outcome, random: () => number): number {
  const asked = outcome.ok ? undefined : outcome.retryAfterSeconds;
  return Math.max(backOff(count, random), (asked ?? 0) * 1000);
}

/** Milliseconds to wait after so many failures: twice as long each time, and never the same for two clients. */
export function backOff(failures: number, random: () => number): number {
  return waitAfter(failures, waits, random);
}
