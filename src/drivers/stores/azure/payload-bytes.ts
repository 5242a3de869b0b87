/** Reads a payload as often as it takes to tell its digest before its bytes are sent. */
import { createHash } from "node:crypto";
import type { Payload } from "../../../domain/ports/object-store.ts";

/** Whoever gathered the bytes may have made this digest on the way. */
type Digested = Payload & { readonly md5?: string };

/** In lower-case hex. */
export async function md5Of(payload: Digested, signal: AbortSignal): Promise<string> {
  if (payload.md5 !== undefined && payload.md5 !== "") return payload.md5;
  const hash = createHash("md5");
  for await (const chunk of chunksOf(payload.open())) {
    signal.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest("hex");
}

export interface Slice {
  readonly length: number;
  readonly md5: string;
}

/** What the slices of a payload are, each of `size` bytes but the last. */
export async function* sliceDigests(
  payload: Payload,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Slice> {
  let hash = createHash("md5");
  let length = 0;
  for await (const chunk of chunksOf(payload.open())) {
    signal.throwIfAborted();
    for (let from = 0; from < chunk.length;) {
      const piece = chunk.subarray(from, from + size - length);
      hash.update(piece);
      length += piece.length;
      from += piece.length;
      if (length < size) continue;
      yield { length, md5: hash.digest("hex") };
      hash = createHash("md5");
      length = 0;
    }
  }
  if (length > 0) yield { length, md5: hash.digest("hex") };
}

/** Gives the bytes of a payload slice by slice; each has to be read to its end before the next. */
export function openSlices(
  payload: Payload,
): AsyncDisposable & { next(length: number): AsyncIterable<Uint8Array> } {
  const chunks = chunksOf(payload.open())[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return {
    next: async function* (length) {
      for (let left = length; left > 0;) {
        if (rest.length === 0) {
          const { done, value } = await chunks.next();
          if (done === true) return;
          rest = value;
        }
        const piece = rest.subarray(0, left);
        rest = rest.subarray(piece.length);
        left -= piece.length;
        yield piece;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await chunks.return?.(undefined);
    },
  };
}

async function* chunksOf(opened: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (opened instanceof Uint8Array) yield opened;
  else yield* opened;
}
