/** A segment of a download that is held in memory. */
import type { Segment } from "./blob.ts";

/** Bytes that are made in memory; only for what nobody can make large. */
export function bytesSegment(bytes: Uint8Array): Segment {
  return {
    length: bytes.length,
    open: () => ({
      read: async (into, position, signal) => {
        signal.throwIfAborted();
        const run = bytes.subarray(position, position + into.length);
        into.set(run);
        return run.length;
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
}
