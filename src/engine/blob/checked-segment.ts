/** Holds the content of an entry to the CRC-32 that the index has of it, where it is read from beginning to end. */
import { crc32 } from "node:zlib";
import type { LongshoreError } from "../../domain/errors.ts";
import type { BlobReader, Segment } from "./blob.ts";

export interface ContentCheck {
  readonly crc32: number;
  /** Says where the damage is. */
  readonly damaged: (what: string) => LongshoreError;
}

export function checkedSegment(segment: Segment, check: ContentCheck): Segment {
  return { length: segment.length, open: () => openChecked(segment, check) };
}

function openChecked(segment: Segment, check: ContentCheck): BlobReader {
  const reader = segment.open();
  let sum = 0;
  /** How far the sum goes; -1 once the bytes were not read in order. */
  let summed = 0;
  return {
    read: async (into, position, signal) => {
      const length = await reader.read(into, position, signal);
      if (position === 0) sum = summed = 0;
      if (position !== summed) summed = -1;
      if (summed < 0) return length;
      sum = crc32(into.subarray(0, length), sum);
      summed += length;
      if (summed === segment.length && sum !== check.crc32)
        throw check.damaged("does not have the CRC-32 that the index says");
      return length;
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}
