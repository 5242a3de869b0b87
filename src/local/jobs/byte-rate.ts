/**
 * A limit of bytes per second that all threads of this process keep to together: a token bucket in shared memory, kept
 * as the instant at which the bucket is full again (the generic cell rate algorithm, ITU-T I.371), so that one
 * compare-and-exchange takes a turn and nobody has to fill it.
 */
import { setTimeout } from "node:timers/promises";

/** What may be taken at once after a rest, in nanoseconds of the rate. */
const burst = 250_000_000n;
/** `setTimeout` takes no more. */
const longestSleep = 2 ** 31 - 1;

const fullAt = 0;
const rateAt = 1;

/** `bytesPerSecond` is a whole number of at least 1. */
export function createByteRate(bytesPerSecond: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
  new BigInt64Array(buffer)[rateAt] = BigInt(bytesPerSecond);
  return buffer;
}

/** Waits until bytes that were just read fit the rate. Throws the signal's reason at once when that is cancelled. */
export function paceBy(rate: SharedArrayBuffer): (bytes: number, signal: AbortSignal) => Promise<void> {
  const cells = new BigInt64Array(rate);
  return async (bytes, signal) => {
    const until = take(cells, BigInt(bytes));
    for (;;) {
      signal.throwIfAborted();
      const left = Number(until - process.hrtime.bigint()) / 1e6;
      if (left <= 0) return;
      // The sleep's own error says nothing; the signal's reason is thrown above.
      await setTimeout(Math.min(left, longestSleep), undefined, { signal }).catch(() => undefined);
    }
  };
}

/** The instant, on the process's monotonic clock, from which the bytes are paid for. */
function take(cells: BigInt64Array, bytes: bigint): bigint {
  const cost = (bytes * 1_000_000_000n) / Atomics.load(cells, rateAt);
  for (;;) {
    const before = Atomics.load(cells, fullAt);
    const rested = process.hrtime.bigint() - burst;
    const after = (before > rested ? before : rested) + cost;
    if (Atomics.compareExchange(cells, fullAt, before, after) === before) return after;
  }
}
