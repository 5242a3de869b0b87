/** The bytes of a large object by several requests at the same time, given on in order. */
import type { ByteRange } from "../../../domain/ports/destination.ts";

/** One answer brings so much, and is held in memory until it is its turn. */
export const rangeSize = 8 * 2 ** 20;
/** Beside the one that is read. */
const rangesAhead = 3;

/** All bytes of a range; throws where they can't be had. */
export type FetchRange = (range: ByteRange, signal: AbortSignal) => Promise<Uint8Array>;

/** `first` is what was asked for first, and `rest` the range behind it. Leaving it, even unread, ends every request. */
export function rangedBytes(
  first: AsyncIterable<Uint8Array>,
  rest: ByteRange,
  fetchRange: FetchRange,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const chunks = inOrder(first, rest, fetchRange, signal);
      let hasBegun = false;
      return {
        next: () => {
          hasBegun = true;
          return chunks.next();
        },
        return: async () => {
          if (!hasBegun) await first[Symbol.asyncIterator]().return?.();
          return chunks.return(undefined);
        },
      };
    },
  };
}

async function* inOrder(
  first: AsyncIterable<Uint8Array>,
  rest: ByteRange,
  fetchRange: FetchRange,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const left = new AbortController();
  const stopped = AbortSignal.any([signal, left.signal]);
  const ranges = rangesOf(rest);
  const fetched: Promise<Uint8Array>[] = [];
  const fetchMore = (): void => {
    while (fetched.length < rangesAhead) {
      const range = ranges.next().value;
      if (range === undefined) return;
      const bytes = fetchRange(range, stopped);
      // A failure is thrown in its turn.
      bytes.catch(() => undefined);
      fetched.push(bytes);
    }
  };
  try {
    fetchMore();
    yield* first;
    for (let next = fetched.shift(); next !== undefined; next = fetched.shift()) {
      const bytes = await next;
      fetchMore();
      yield bytes;
    }
  } finally {
    left.abort();
    await Promise.allSettled(fetched);
  }
}

function* rangesOf({ offset, length }: ByteRange): Generator<ByteRange, undefined> {
  for (let at = 0; at < length; at += rangeSize)
    yield { offset: offset + at, length: Math.min(rangeSize, length - at) };
  return undefined;
}
