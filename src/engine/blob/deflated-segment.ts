/**
 * The content of a piece of an entry that is stored compressed by itself (zip). A range inside it is reached by decoding
 * from the piece's beginning: each piece begins anew, but where its blocks begin is written nowhere.
 */
import type { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { damaged } from "../reading/document.ts";
import type { ReadingStoredFormat } from "../reading/open-export.ts";
import type { BlobReader, Segment } from "./blob.ts";
import { openObject } from "./open-object.ts";

/** Where the stored bytes of one piece lie. */
export interface StoredPiece {
  readonly object: string;
  readonly objectSize: number;
  readonly offset: number;
  readonly storedSize: number;
}

export interface DeflatedRun {
  readonly destination: Destination;
  readonly format: ReadingStoredFormat;
  /** The piece itself and all that follow: only the last ends the compressed stream. */
  readonly pieces: readonly StoredPiece[];
  readonly length: number;
}

const chunkSize = 64 * 1024;

export function deflatedSegment(run: DeflatedRun): Segment {
  return { length: run.length, open: () => new DeflatedReader(run) };
}

class DeflatedReader implements BlobReader {
  readonly #run: DeflatedRun;
  #content: AsyncIterator<Uint8Array> | undefined;
  /** Of the first byte of `#rest`. */
  #position = 0;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(run: DeflatedRun) {
    this.#run = run;
  }

  async read(into: Uint8Array, position: number, signal: AbortSignal): Promise<number> {
    const { length } = this.#run;
    const content = await this.#contentAt(position, signal);
    while (this.#position + this.#rest.length <= position) {
      this.#position += this.#rest.length;
      this.#rest = await this.#next(content);
    }
    const run = this.#rest.subarray(position - this.#position);
    const given = run.subarray(0, Math.min(into.length, length - position));
    into.set(given);
    this.#rest = run.subarray(given.length);
    this.#position = position + given.length;
    if (this.#position === length) await this.#end(content);
    return given.length;
  }

  /** The decoded content, somewhere at or before the position. */
  async #contentAt(position: number, signal: AbortSignal): Promise<AsyncIterator<Uint8Array>> {
    if (this.#content !== undefined && position >= this.#position) return this.#content;
    await this[Symbol.asyncDispose]();
    const stored = storedBytes(this.#run.destination, this.#run.pieces, signal);
    this.#content = this.#run.format.decodeEntry(stored, signal)[Symbol.asyncIterator]();
    this.#position = 0;
    return this.#content;
  }

  async #next(content: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
    const next = await content.next();
    if (next.done !== true) return next.value;
    throw this.#damage("ends too early");
  }

  /** Only the end of the stream tells whether it was what it was made from. */
  async #end(content: AsyncIterator<Uint8Array>): Promise<void> {
    if (this.#run.pieces.length > 1) return;
    if (this.#rest.length > 0 || (await content.next()).done !== true) throw this.#damage("is too long");
  }

  #damage(what: string): LongshoreError {
    return damaged(this.#run.destination, `an entry in ${this.#run.pieces[0]?.object ?? "a part"} ${what}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const content = this.#content;
    this.#content = undefined;
    this.#rest = new Uint8Array(0);
    await content?.return?.();
  }
}

async function* storedBytes(
  destination: Destination,
  pieces: readonly StoredPiece[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await using object = await openObject(
      destination,
      { name: piece.object, size: piece.objectSize },
      signal,
    );
    for (let done = 0; done < piece.storedSize;) {
      signal.throwIfAborted();
      // A chunk of its own each time: the decoder may still hold the one before.
      const into = new Uint8Array(Math.min(chunkSize, piece.storedSize - done));
      const length = await object.read(into, piece.offset + done);
      if (length === 0) throw damaged(destination, `${piece.object} ends too early`);
      yield into.subarray(0, length);
      done += length;
    }
  }
}
