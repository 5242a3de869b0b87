/** An object of a store, opened for many reads: each gives bytes of the very object that was opened, or none. */
import { displayName } from "../../../domain/byte-string.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import type { OpenObject } from "../../../domain/ports/destination.ts";
import type { ObjectFacts, ObjectStore } from "../../../domain/ports/object-store.ts";

export interface ObjectPlace {
  readonly store: ObjectStore;
  readonly key: string;
  /** Of the export's folder, for messages. */
  readonly name: string;
}

/** Throws Damaged where there is none, and from a read where it is another one by then. */
export async function openStoredObject(place: ObjectPlace, signal: AbortSignal): Promise<OpenObject> {
  signal.throwIfAborted();
  const facts = await place.store.head(place.key, signal);
  if (facts === undefined) throw damaged(place, "is missing");
  const reader = new ObjectReader(place, facts, signal);
  return {
    size: facts.size,
    version: facts.etag,
    changedAt: facts.modifiedAt,
    read: (into, position) => reader.read(into, position),
    [Symbol.asyncDispose]: () => reader.close(),
  };
}

/**
 * How much more than was read in order so far is asked for at once. Nobody says how far a reader will go: whoever wants a
 * few bytes must not make the store send all of them, and whoever wants all must not ask for each piece.
 */
const growth = 8;

class ObjectReader {
  readonly #place: ObjectPlace;
  readonly #facts: ObjectFacts;
  readonly #signal: AbortSignal;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  /** Of the first byte of `#rest`, or where the next chunk begins. */
  #position = 0;
  /** Where reading in order began, and where what was asked for ends. */
  #begin = 0;
  #end = 0;

  constructor(place: ObjectPlace, facts: ObjectFacts, signal: AbortSignal) {
    this.#place = place;
    this.#facts = facts;
    this.#signal = signal;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    if (position >= this.#facts.size || into.length === 0) return 0;
    if (position !== this.#position) await this.#moveTo(position);
    while (this.#rest.length === 0) await this.#fill(into.length);
    const run = this.#rest.subarray(0, into.length);
    into.set(run);
    this.#rest = this.#rest.subarray(run.length);
    this.#position += run.length;
    return run.length;
  }

  async #moveTo(position: number): Promise<void> {
    await this.close();
    this.#position = position;
    this.#begin = position;
    this.#end = position;
  }

  async #fill(wanted: number): Promise<void> {
    this.#chunks ??= await this.#ask(wanted);
    const next = await this.#chunks.next();
    if (next.done !== true) {
      this.#rest = next.value;
      return;
    }
    this.#chunks = undefined;
    if (this.#position < this.#end) throw damaged(this.#place, `ends at byte ${this.#position}, too early`);
  }

  async #ask(wanted: number): Promise<AsyncIterator<Uint8Array>> {
    const offset = this.#position;
    const ahead = Math.max(wanted, growth * (offset - this.#begin));
    const length = Math.min(this.#facts.size - offset, ahead);
    const { store, key } = this.#place;
    const ifMatch = this.#facts.etag === "" ? undefined : this.#facts.etag;
    const content = await store.get(key, { offset, length, ifMatch }, this.#signal);
    if (content === undefined) throw damaged(this.#place, "is missing");
    if (content === "changed") throw damaged(this.#place, "became another while it was read");
    this.#end = offset + length;
    return content.bytes[Symbol.asyncIterator]();
  }

  async close(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    this.#rest = new Uint8Array(0);
    await chunks?.return?.();
  }
}

const damaged = ({ name, store }: ObjectPlace, what: string): LongshoreError =>
  new LongshoreError("Damaged", `${displayName(name)} in ${store.displayed} ${what}`);
