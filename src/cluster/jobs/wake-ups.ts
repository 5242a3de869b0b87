/** Waits for changes of single exports, or for a time, whichever comes first. */
import type { Clock } from "../../domain/ports/clock.ts";

export interface WakeUps {
  /** Something about the export changed. */
  touch(uid: string): void;
  /** Calls `then` once at that time, in milliseconds since 1970; an earlier wish for the same export is replaced. */
  at(uid: string, time: number, then: () => void): void;
  /** Resolves as soon as `isMet`, which is asked at every change, and at the time that `next` says. */
  until(
    uid: string,
    isMet: () => boolean,
    next: () => number | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  close(): void;
}

/** What a timer can take. */
const longestTimer = 2 ** 31 - 1;

export function createWakeUps(clock: Clock): WakeUps {
  const waiting = new Map<string, Set<() => void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const inTime = (time: number, then: () => void): NodeJS.Timeout => {
    const timer = setTimeout(then, Math.min(longestTimer, Math.max(1, time - clock.now())));
    timer.unref();
    return timer;
  };
  return {
    touch: (uid) => {
      for (const wake of waiting.get(uid) ?? []) wake();
    },
    at: (uid, time, then) => {
      clearTimeout(timers.get(uid));
      const timer = inTime(time, () => {
        timers.delete(uid);
        then();
      });
      timers.set(uid, timer);
    },
    until: async (uid, isMet, next, signal) => {
      for (;;) {
        signal.throwIfAborted();
        if (isMet()) return;
        await once(uid, next(), signal);
      }
    },
    close: () => {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };

  async function once(uid: string, time: number | undefined, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wakers = waiting.get(uid) ?? new Set();
    waiting.set(uid, wakers.add(resolve));
    const cancel = (): void => resolve();
    signal.addEventListener("abort", cancel, { once: true });
    const timer = time === undefined ? undefined : inTime(time, resolve);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", cancel);
      clearTimeout(timer);
      wakers.delete(resolve);
      if (wakers.size === 0) waiting.delete(uid);
    }
  }
}
