/** Reads segments as if they were one, with one of them open at a time. */
import type { BlobReader, Segment } from "./blob.ts";

/** Where each segment begins, and at last where all end. */
export function startsOf(segments: readonly Segment[]): readonly number[] {
  const starts = [0];
  let position = 0;
  for (const segment of segments) starts.push((position += segment.length));
  return starts;
}

export function openSegments(segments: readonly Segment[], starts = startsOf(segments)): BlobReader {
  let current: { readonly number: number; readonly reader: BlobReader } | undefined;
  const size = starts.at(-1) ?? 0;
  const close = async (): Promise<void> => {
    const open = current;
    current = undefined;
    await open?.reader[Symbol.asyncDispose]();
  };
  return {
    read: async (into, position, signal) => {
      if (position >= size) return 0;
      const number = segmentAt(starts, position);
      if (current?.number !== number) {
        await close();
        const segment = segments[number];
        if (segment === undefined) return 0;
        current = { number, reader: segment.open() };
      }
      const start = starts[number] ?? 0;
      const room = into.subarray(0, Math.min(into.length, (starts[number + 1] ?? size) - position));
      return current.reader.read(room, position - start, signal);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** The last segment that begins at the position or before it: empty ones are passed over. */
function segmentAt(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
