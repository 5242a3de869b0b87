/** Reads one object as it was planned: by its ETag, or else as a difference with whatever stands there now. */
import { textOf } from "../../../domain/byte-string.ts";
import type { DifferenceReason, ObjectDescription, PlannedEntry } from "../../../domain/entry.ts";
import { hasCode, LongshoreError } from "../../../domain/errors.ts";
import type { ObjectContent, ObjectStore } from "../../../domain/ports/object-store.ts";
import type { EntryReader } from "../../../domain/ports/source.ts";
import { type FetchRange, rangedBytes, rangeSize } from "./ranged-bytes.ts";

/** Objects up to this size are fetched whole when they are opened, so that many may be opened ahead of their turn. */
const smallObject = 2 ** 20;

const changedMeanwhile = (key: string, { displayed }: ObjectStore): LongshoreError =>
  new LongshoreError("Damaged", `${key} in ${displayed} became another while it was read`);

/** More than any store takes. */
const largestObject = 2 ** 46;

/** The reader asks from where it is first read on, or at once where the object is small. */
export async function openObject(
  store: ObjectStore,
  folder: string,
  entry: PlannedEntry,
  signal: AbortSignal,
): Promise<EntryReader | DifferenceReason> {
  const key = folder + (textOf(entry.path) ?? entry.path);
  const reader = new ObjectReader(store, { key, entry }, signal);
  return (await reader.begin()) ?? reader;
}

interface Wanted {
  readonly key: string;
  readonly entry: PlannedEntry;
}

class ObjectReader implements EntryReader {
  readonly #store: ObjectStore;
  readonly #wanted: Wanted;
  readonly #signal: AbortSignal;
  readonly #end: number;
  #etag: string | undefined;
  #difference: DifferenceReason | undefined;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #position: number;
  #rest: Uint8Array = new Uint8Array(0);
  description: ObjectDescription | undefined;

  constructor(store: ObjectStore, wanted: Wanted, signal: AbortSignal) {
    const { piece, size, etag } = wanted.entry;
    this.#store = store;
    this.#wanted = wanted;
    this.#signal = signal;
    this.#etag = etag;
    this.#position = piece?.start ?? 0;
    this.#end = piece === undefined ? size : piece.start + piece.length;
  }

  /** Says why there is nothing to read. */
  async begin(): Promise<DifferenceReason | undefined> {
    const length = this.#end - this.#position;
    const reason = length === 0 ? await this.#beginEmpty() : await this.#reopen(this.#position);
    if (reason !== undefined) return reason;
    if (length <= smallObject && this.#difference === undefined) this.#rest = await this.#takeAll();
    return undefined;
  }

  /** No range has a byte of an empty object, so whether it is still the same is asked otherwise. */
  async #beginEmpty(): Promise<DifferenceReason | undefined> {
    const facts = await this.#store.head(this.#wanted.key, this.#signal);
    if (facts === undefined) return "vanished";
    this.description = facts.description;
    if (facts.etag === this.#etag && facts.size === 0) return undefined;
    return this.#reopen(this.#position);
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    if (position !== this.#position) {
      await this.close();
      const reason = await this.#reopen(position);
      if (reason !== undefined) this.#difference = reason;
    }
    let filled = 0;
    while (filled < into.length) {
      if (this.#rest.length === 0) this.#rest = (await this.#next()) ?? this.#rest;
      if (this.#rest.length === 0) break;
      const length = Math.min(this.#rest.length, into.length - filled);
      into.set(this.#rest.subarray(0, length), filled);
      this.#rest = this.#rest.subarray(length);
      filled += length;
    }
    this.#position += filled;
    return filled;
  }

  difference(): DifferenceReason | undefined {
    return this.#difference;
  }

  async close(): Promise<void> {
    this.#rest = new Uint8Array(0);
    await this.#chunks?.return?.();
    this.#chunks = undefined;
  }

  /** What is read is what was planned, or else what stands there now, which is a difference. */
  async #reopen(position: number): Promise<DifferenceReason | undefined> {
    this.#position = position;
    if (position >= this.#end && this.#difference === undefined && this.#end > 0) return undefined;
    const length = Math.min(rangeSize, Math.max(this.#end - position, 1));
    const planned = await this.#get({ offset: position, length, ifMatch: this.#etag });
    if (planned === undefined || planned === "unreadable") return this.#take(planned);
    if (planned !== "changed" && planned.facts.etag === this.#etag)
      return this.#take({ ...planned, bytes: this.#withRest(planned.bytes, position + length) });
    this.#difference = "changed";
    this.#etag = undefined;
    const now = await this.#get({ offset: position, length: largestObject });
    return this.#take(now === "changed" ? undefined : now);
  }

  #take(content: ObjectContent | DifferenceReason | undefined): DifferenceReason | undefined {
    if (content === undefined) return "vanished";
    if (typeof content === "string") return content;
    this.description = content.facts.description;
    this.#chunks = content.bytes[Symbol.asyncIterator]();
    return undefined;
  }

  /** Each range is of the object that was planned, or there is none. */
  #withRest(first: AsyncIterable<Uint8Array>, from: number): AsyncIterable<Uint8Array> {
    const rest = { offset: from, length: this.#end - from };
    if (rest.length <= 0) return first;
    const { key } = this.#wanted;
    const fetchRange: FetchRange = async (range, signal) => {
      const content = await this.#store.get(key, { ...range, ifMatch: this.#etag }, signal);
      if (typeof content !== "object") throw changedMeanwhile(key, this.#store);
      const bytes = Buffer.concat(await Array.fromAsync(content.bytes));
      if (bytes.length !== range.length) throw changedMeanwhile(key, this.#store);
      return bytes;
    };
    return rangedBytes(first, rest, fetchRange, this.#signal);
  }

  async #get(range: {
    offset: number;
    length: number;
    ifMatch?: string | undefined;
  }): Promise<ObjectContent | "changed" | "unreadable" | undefined> {
    try {
      return await this.#store.get(this.#wanted.key, range, this.#signal);
    } catch (error) {
      // The whole bucket was listed with these credentials, so it is this object that they may not read.
      if (hasCode(error, "StoreDenied")) return "unreadable";
      throw error;
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const next = await this.#chunks?.next();
      return next === undefined || next.done === true ? undefined : next.value;
    } catch (error) {
      if (!hasCode(error, "Damaged")) throw error;
      // It became another between two requests for it.
      this.#difference = "changed";
      return undefined;
    }
  }

  async #takeAll(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
}
