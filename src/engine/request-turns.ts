/**
 * How many requests all threads of an export make at the same time: tickets in shared memory, served in the order in which
 * they were drawn, so that no thread is passed over (a ticket lock with as many places as requests are allowed).
 */
import { setTimeout } from "node:timers/promises";

export interface RequestTurns {
  /** Waits for a turn, and gives what ends it; a second call of that does nothing. Throws the signal's reason. */
  take(signal: AbortSignal): Promise<() => void>;
}

/** The next ticket to be drawn, and the first that has to wait: 32 bits are enough for years of requests. */
const drawn = 0;
const granted = 1;

/** `most` is at least 1. */
export function createRequestTurns(most: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(buffer)[granted] = most;
  return buffer;
}

interface Waiting {
  readonly ticket: number;
  readonly begin: () => void;
  isCancelled: boolean;
}

/** The turns of this thread. */
export function requestTurnsOf(buffer: SharedArrayBuffer): RequestTurns {
  const cells = new Int32Array(buffer);
  const queue: Waiting[] = [];
  let isServing = false;

  const isDue = (ticket: number): boolean => ((Atomics.load(cells, granted) - ticket) | 0) > 0;
  const release = (): void => {
    Atomics.add(cells, granted, 1);
    Atomics.notify(cells, granted);
    serveDue();
  };
  const once = (): (() => void) => {
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      release();
    };
  };

  return {
    take: async (signal) => {
      signal.throwIfAborted();
      const ticket = Atomics.add(cells, drawn, 1);
      if (isDue(ticket)) return once();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiting: Waiting = { ticket, begin: resolve, isCancelled: false };
      // A ticket that was drawn is served even so, for the next ones stand behind it.
      const cancel = (): void => {
        waiting.isCancelled = true;
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", cancel, { once: true });
      queue.push(waiting);
      void serve();
      try {
        await promise;
      } finally {
        signal.removeEventListener("abort", cancel);
      }
      return once();
    },
  };

  function serveDue(): void {
    for (let first = queue[0]; first !== undefined && isDue(first.ticket); first = queue[0]) {
      queue.shift();
      if (first.isCancelled) Atomics.add(cells, granted, 1);
      else first.begin();
    }
    Atomics.notify(cells, granted);
  }

  async function serve(): Promise<void> {
    if (isServing) return;
    isServing = true;
    while (queue.length > 0) {
      const seen = Atomics.load(cells, granted);
      serveDue();
      if (queue.length > 0) await change(cells, seen);
    }
    isServing = false;
  }
}

/** Looked at this often in any case, and what keeps the process alive meanwhile. */
const longestWait = 1000;

async function change(cells: Int32Array, seen: number): Promise<void> {
  const waited = Atomics.waitAsync(cells, granted, seen, longestWait);
  if (!waited.async) return;
  const over = new AbortController();
  const late = setTimeout(longestWait, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([waited.value, late]);
  over.abort();
}
