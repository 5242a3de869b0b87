/** Segments that lie in the destination as they are: whole objects, which have a digest, and ranges of them. */
import { createHash, type Hash } from "node:crypto";
import { displayName } from "../../domain/byte-string.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { damaged } from "../reading/document.ts";
import type { BlobReader, Segment } from "./blob.ts";
import { openObject, type ReadableObject } from "./open-object.ts";
import type { ProvenObjects } from "./proven-objects.ts";

export interface WholeObject {
  readonly destination: Destination;
  /** A byte string. */
  readonly name: string;
  readonly size: number;
  /** Undefined where nobody has it. */
  readonly sha256: string | undefined;
  readonly proven: ProvenObjects;
}

/** A whole object. What it has besides its right size is checked when it is read from its beginning to its end. */
export function objectSegment(object: WholeObject): Segment {
  return { length: object.size, open: () => new WholeObjectReader(object) };
}

class WholeObjectReader implements BlobReader {
  readonly #object: WholeObject;
  #opened: ReadableObject | undefined;
  #openedAt = 0;
  #isProven = false;
  /** Over all bytes before `#hashed`; undefined once they were not read in order. */
  #hash: Hash | undefined;
  #hashed = 0;

  constructor(object: WholeObject) {
    this.#object = object;
  }

  async read(into: Uint8Array, position: number, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const opened = (this.#opened ??= await this.#open(signal));
    const length = await readSome(opened, into, { position, end: this.#object.size });
    if (length === 0) throw this.#damage("ends too early");
    this.#check(into.subarray(0, length), position);
    return length;
  }

  async #open(signal: AbortSignal): Promise<ReadableObject> {
    const { destination, proven, sha256 } = this.#object;
    this.#openedAt = proven.now();
    const opened = await openObject(destination, this.#object, signal);
    this.#isProven = sha256 === undefined || proven.has(opened, sha256);
    return opened;
  }

  #check(bytes: Uint8Array, position: number): void {
    const { sha256, size, proven } = this.#object;
    if (this.#isProven || sha256 === undefined || this.#opened === undefined) return;
    if (position === 0) {
      this.#hash = createHash("sha256");
      this.#hashed = 0;
    }
    if (position !== this.#hashed) this.#hash = undefined;
    if (this.#hash === undefined) return;
    this.#hash.update(bytes);
    this.#hashed += bytes.length;
    if (this.#hashed < size) return;
    if (this.#hash.digest("hex") !== sha256)
      throw this.#damage("does not have the SHA-256 that it must have");
    proven.add(this.#opened, sha256, this.#openedAt);
    this.#isProven = true;
  }

  #damage(what: string): Error {
    return damaged(this.#object.destination, `${displayName(this.#object.name)} ${what}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.[Symbol.asyncDispose]();
  }
}

export interface ObjectRun {
  readonly destination: Destination;
  readonly name: string;
  /** Of the whole object. */
  readonly size: number;
  readonly offset: number;
  readonly length: number;
}

/** A range of an object of which only the size is checked. */
export function objectRunSegment(run: ObjectRun): Segment {
  return { length: run.length, open: () => openRun(run) };
}

function openRun(run: ObjectRun): BlobReader {
  const { destination, name, offset, length } = run;
  let opened: ReadableObject | undefined;
  return {
    read: async (into, position, signal) => {
      signal.throwIfAborted();
      opened ??= await openObject(destination, run, signal);
      const range = { position: offset + position, end: offset + length };
      const read = await readSome(opened, into, range);
      if (read === 0) throw damaged(destination, `${displayName(name)} ends too early`);
      return read;
    },
    [Symbol.asyncDispose]: async () => {
      const open = opened;
      opened = undefined;
      await open?.[Symbol.asyncDispose]();
    },
  };
}

async function readSome(
  object: ReadableObject,
  into: Uint8Array,
  { position, end }: { readonly position: number; readonly end: number },
): Promise<number> {
  return object.read(into.subarray(0, Math.max(0, Math.min(into.length, end - position))), position);
}
