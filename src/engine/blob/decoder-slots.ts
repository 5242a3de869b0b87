/** Bounds what downloads hold that need a decoder for as long as they take, instead of sharing what others decoded. */
import { LongshoreError } from "../../domain/errors.ts";
import type { BlobReader } from "./blob.ts";

/** Each holds about a megabyte for as long as its receiver takes, and can't be taken from it. */
const mostDecoders = 64;

export class DecoderSlots {
  readonly #limit: number;
  #taken = 0;

  constructor(limit = mostDecoders) {
    this.#limit = limit;
  }

  /** Throws TooManyRequests where none is free. */
  take(): Disposable {
    if (this.#taken >= this.#limit)
      throw new LongshoreError(
        "TooManyRequests",
        "too many files are being taken out of zip archives just now",
        {
          hint: "try again in a moment, or download the archive as a whole",
        },
      );
    this.#taken++;
    let isTaken = true;
    return {
      [Symbol.dispose]: () => {
        if (isTaken) this.#taken--;
        isTaken = false;
      },
    };
  }
}

/** A reader that has a slot from its first read on. Throws TooManyRequests there. */
export function withSlot(reader: BlobReader, slots: DecoderSlots): BlobReader {
  let slot: Disposable | undefined;
  return {
    read: async (into, position, signal) => {
      slot ??= slots.take();
      return reader.read(into, position, signal);
    },
    [Symbol.asyncDispose]: async () => {
      try {
        await reader[Symbol.asyncDispose]();
      } finally {
        slot?.[Symbol.dispose]();
        slot = undefined;
      }
    },
  };
}
