/** Gathers the bytes of an object before any is sent: in memory as long as there is room, else in a scratch file. */
import { createHash, type Hash, randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, read, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Payload } from "../../../domain/ports/object-store.ts";

const readAt = promisify(read);
const chunkSize = 2 ** 20;

/**
 * What all writers of one destination may hold in memory together. What is given back is used again: fresh memory costs the
 * system's zeros for every page, and the collector a look at every buffer.
 */
export class MemoryBudget {
  #left: number;
  readonly #unused = new Map<number, Buffer[]>();

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** A buffer of this length, with whatever is in it; undefined where there is no room. */
  take(length: number): Buffer | undefined {
    if (length > this.#left) return undefined;
    this.#left -= length;
    return this.#unused.get(length)?.pop() ?? Buffer.allocUnsafeSlow(length);
  }

  /** The caller neither reads nor writes it any more. */
  giveBack(buffer: Buffer): void {
    this.#left += buffer.length;
    const unused = this.#unused.get(buffer.length);
    if (unused === undefined) this.#unused.set(buffer.length, [buffer]);
    else unused.push(buffer);
  }
}

export interface PayloadPlace {
  readonly budget: MemoryBudget;
  /** A folder for what the budget has no room for; it is made where only it is not there. */
  readonly scratch: string;
  /** Whether an MD5 is made as well. */
  readonly md5?: boolean;
}

/** Disposing it frees memory and file; the payload can't be read after that. */
export class PayloadWriter implements Disposable {
  size = 0;
  readonly #place: PayloadPlace;
  readonly #sha256 = createHash("sha256");
  readonly #md5: Hash | undefined;
  readonly #chunks: Buffer[] = [];
  /** Bytes of the last chunk that are filled. */
  #filled = 0;
  #inMemory = 0;
  #file: number | undefined;
  #fileSize = 0;

  constructor(place: PayloadPlace) {
    this.#place = place;
    this.#md5 = place.md5 === true ? createHash("md5") : undefined;
  }

  /** Throws ScratchFailed. */
  write(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#md5?.update(bytes);
    this.size += bytes.length;
    for (let from = 0; from < bytes.length;) {
      const last = this.#file === undefined ? this.#room() : undefined;
      if (last === undefined) return this.#spill(bytes.subarray(from));
      const length = Math.min(last.length - this.#filled, bytes.length - from);
      last.set(bytes.subarray(from, from + length), this.#filled);
      this.#filled += length;
      this.#inMemory += length;
      from += length;
    }
  }

  finish(): Payload & { readonly md5: string } {
    return {
      size: this.size,
      sha256: this.#sha256.digest("hex"),
      md5: this.#md5?.digest("hex") ?? "",
      open: () => this.#open(),
    };
  }

  [Symbol.dispose](): void {
    for (const chunk of this.#chunks.splice(0)) this.#place.budget.giveBack(chunk);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** The chunk with room for at least one byte, or undefined where memory is used up. */
  #room(): Buffer | undefined {
    const last = this.#chunks.at(-1);
    if (last !== undefined && this.#filled < last.length) return last;
    // Small objects are many: they begin small.
    const length = last === undefined ? chunkSize / 16 : chunkSize;
    const chunk = this.#place.budget.take(length);
    if (chunk === undefined) return undefined;
    this.#chunks.push(chunk);
    this.#filled = 0;
    return chunk;
  }

  #spill(bytes: Uint8Array): void {
    try {
      this.#file ??= openUnnamed(this.#place.scratch);
      for (let from = 0; from < bytes.length;)
        from += writeSync(this.#file, bytes, from, bytes.length - from, this.#fileSize + from);
      this.#fileSize += bytes.length;
    } catch (error) {
      throw scratchFailed(this.#place.scratch, error);
    }
  }

  #open(): Uint8Array | AsyncIterable<Uint8Array> {
    const [only] = this.#chunks;
    if (this.size === 0) return new Uint8Array(0);
    if (only !== undefined && this.#chunks.length === 1 && this.#file === undefined)
      return only.subarray(0, this.#inMemory);
    return this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    let left = this.#inMemory;
    for (const chunk of this.#chunks) {
      yield chunk.subarray(0, Math.min(left, chunk.length));
      left -= chunk.length;
    }
    if (this.#file === undefined) return;
    for (let position = 0; position < this.#fileSize;) {
      const length = Math.min(chunkSize, this.#fileSize - position);
      const { bytesRead, buffer } = await readAt(this.#file, Buffer.allocUnsafe(length), 0, length, position);
      if (bytesRead === 0) throw scratchFailed(this.#place.scratch, new Error("a scratch file has shrunk"));
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  }
}

/** A file that has no name any more goes with the process, however that ends. */
function openUnnamed(folder: string): number {
  makeFolder(folder);
  const path = join(folder, `longshore-${randomUUID()}`);
  const descriptor = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  return descriptor;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function scratchFailed(folder: string, cause: unknown): LongshoreError {
  return new LongshoreError("ScratchFailed", `what does not fit in memory can't be kept in ${folder}`, {
    cause,
  });
}
