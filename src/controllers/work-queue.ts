/** Keys that want to be worked on: each at most once at a time, now, later, or after a back-off that grows with its failures. */
import { waitAfter } from "../domain/back-off.ts";
import type { Clock } from "../domain/ports/clock.ts";

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** From 0 to 1: which share of a back-off's upper half is taken, so that what failed together is not tried together. */
  readonly random: () => number;
  readonly schedule: Schedule;
}

/** Calls `wake` after some milliseconds, unless what it returns was called before. */
export type Schedule = (milliseconds: number, wake: () => void) => () => void;

/** `setTimeout` takes no more; whoever is woken too early asks again. */
const longestDelay = 2 ** 31 - 1;

/** The system's timers, which don't keep a process alive. */
export const systemSchedule: Schedule = (milliseconds, wake) => {
  const timer = setTimeout(wake, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
};

const waits = { first: 1000, longest: 300_000 };

/** Milliseconds to wait after the failure `failures`, which counts from 1: 1 s · 2^n, at most five minutes. */
export function backOff(failures: number): number {
  return waitAfter(failures, { ...waits, certain: 1 }, () => 1);
}

/** Must not reject: an error belongs to one key, and the queue to all of them. */
export type Work = (key: string, signal: AbortSignal) => Promise<void>;

export interface WorkQueue {
  /** Wants the key worked on; where it is being worked on, once more afterwards. */
  add(key: string): void;
  /** The same after some milliseconds. The earliest wish counts, and `add` fulfils it. */
  addAfter(key: string, milliseconds: number): void;
  /** The same after a back-off. */
  addAfterFailure(key: string): void;
  /** The key's next back-off is the first one again. */
  succeeded(key: string): void;
  /** Works until cancelled, on at most `parallel` keys at a time, and resolves when all that was begun has ended. */
  run(work: Work, parallel: number, signal: AbortSignal): Promise<void>;
}

interface Delayed {
  /** Milliseconds since 1970. */
  readonly due: number;
  readonly cancel: () => void;
}

export function createWorkQueue({ clock, random, schedule }: WorkQueueOptions): WorkQueue {
  const ready = new Set<string>();
  const working = new Set<string>();
  const again = new Set<string>();
  const delayed = new Map<string, Delayed>();
  const failures = new Map<string, number>();
  const idle: (() => void)[] = [];
  return { add, addAfter, addAfterFailure, succeeded: (key) => void failures.delete(key), run };

  function add(key: string): void {
    drop(key);
    if (working.has(key)) {
      again.add(key);
      return;
    }
    ready.add(key);
    idle.shift()?.();
  }

  function addAfter(key: string, milliseconds: number): void {
    if (milliseconds <= 0) return add(key);
    const delay = Math.min(milliseconds, longestDelay);
    const due = clock.now() + delay;
    const before = delayed.get(key);
    if (before !== undefined && before.due <= due) return;
    before?.cancel();
    delayed.set(key, { due, cancel: schedule(delay, () => add(key)) });
  }

  function addAfterFailure(key: string): void {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    addAfter(key, waitAfter(count, waits, random));
  }

  function drop(key: string): void {
    delayed.get(key)?.cancel();
    delayed.delete(key);
  }

  async function run(work: Work, parallel: number, signal: AbortSignal): Promise<void> {
    const wakeAll = (): void => {
      for (const wake of idle.splice(0)) wake();
    };
    signal.addEventListener("abort", wakeAll, { once: true });
    try {
      await Promise.all(Array.from({ length: parallel }, () => workUntil(work, signal)));
    } finally {
      signal.removeEventListener("abort", wakeAll);
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
    }
  }

  async function workUntil(work: Work, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [key] = ready;
      if (key === undefined) {
        const { promise, resolve } = Promise.withResolvers<void>();
        idle.push(resolve);
        await promise;
        continue;
      }
      ready.delete(key);
      working.add(key);
      try {
        await work(key, signal);
      } finally {
        working.delete(key);
        if (again.delete(key)) add(key);
      }
    }
  }
}
