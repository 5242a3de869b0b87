/**
 * Pieces of content that cost work to make (decoded frames, generated pages), shared by all downloads. However many read
 * slowly, together they hold no more than this; what was dropped meanwhile is made again.
 */
export interface Chunk {
  readonly key: string;
  readonly make: (signal: AbortSignal) => Promise<Uint8Array>;
}

const defaultBudget = 64 * 2 ** 20;

export class ChunkCache {
  readonly #budget: number;
  /** The one used last at the end. */
  readonly #chunks = new Map<string, Uint8Array>();
  #held = 0;

  constructor(budget = defaultBudget) {
    this.#budget = budget;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** Copies what the chunk has from `from` on, as much as there is room for, and says how many bytes that were. */
  async copy(chunk: Chunk, range: ChunkRange, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const bytes = this.#known(chunk.key) ?? this.#keep(chunk.key, await chunk.make(signal));
    const run = bytes.subarray(range.from, range.from + range.into.length);
    range.into.set(run);
    return run.length;
  }

  #known(key: string): Uint8Array | undefined {
    const bytes = this.#chunks.get(key);
    if (bytes === undefined) return undefined;
    this.#chunks.delete(key);
    this.#chunks.set(key, bytes);
    return bytes;
  }

  #keep(key: string, bytes: Uint8Array): Uint8Array {
    this.#drop(key);
    this.#chunks.set(key, bytes);
    this.#held += bytes.length;
    for (const oldest of this.#chunks.keys()) {
      if (this.#held <= this.#budget || oldest === key) break;
      this.#drop(oldest);
    }
    return bytes;
  }

  #drop(key: string): void {
    this.#held -= this.#chunks.get(key)?.length ?? 0;
    this.#chunks.delete(key);
  }
}

export interface ChunkRange {
  readonly into: Uint8Array;
  readonly from: number;
}
