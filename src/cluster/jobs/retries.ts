/** When to try again what the cluster does not let in: after ever longer pauses, or soon after what keeps it out has changed. */
import { type BackOff, waitAfter } from "../../domain/back-off.ts";
import type { Waiting } from "../../domain/ports/job-runner.ts";
import { pause } from "../client/pause.ts";
import type { Barrier, Openings } from "./openings.ts";

export interface Retries extends Disposable {
  /** Resolves when it is worth another try, or nobody wants one; `waiting` says why the last one came to nothing. */
  next(waiting: Waiting): Promise<void>;
  /** Nobody may want another try: what waits looks for itself. */
  interrupt(): void;
}

export interface RetriesOptions {
  readonly openings: Openings;
  readonly random: () => number;
  readonly backOff: BackOff;
}

/** Milliseconds; changes come in swarms. */
const soon = 1000;
/** What has to change, by reasons; the rules of the namespace for all others. */
const barriers: Readonly<Record<string, Barrier>> = {
  SourceInUse: "pods",
  ClaimsApart: "pods",
  Unschedulable: "claims",
};

/** Of one export in that namespace. `signal` ends every pause. */
export function createRetries(
  namespace: string,
  { openings, random, backOff }: RetriesOptions,
  signal: AbortSignal,
): Retries {
  let followed: { readonly barrier: Barrier; readonly leave: () => void } | undefined;
  let bell = new AbortController();
  let hasChanged = false;
  let failures = 0;
  const change = (): void => {
    hasChanged = true;
    bell.abort();
  };
  const follow = ({ reason }: Waiting): void => {
    const barrier = barriers[reason] ?? "rules";
    if (followed?.barrier === barrier) return;
    followed?.leave();
    followed = { barrier, leave: openings.follow(namespace, barrier, change) };
  };
  return {
    next: async (waiting) => {
      follow(waiting);
      failures++;
      await ringing(waitAfter(failures, backOff, random), AbortSignal.any([signal, bell.signal]));
      if (hasChanged) await ringing(soon, signal);
      hasChanged = false;
      bell = new AbortController();
    },
    interrupt: () => bell.abort(),
    [Symbol.dispose]: () => {
      bell.abort();
      followed?.leave();
    },
  };
}

/** Until then, or until somebody rings. */
const ringing = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  pause(milliseconds, signal).catch(() => undefined);
