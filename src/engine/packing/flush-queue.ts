/** Makes many small objects durable side by side. */
import type { ObjectWriter } from "../../domain/ports/destination.ts";

/** Objects that are committed but not yet durable; flushing many side by side is what makes small files bearable. */
const flushesAtOnce = 32;

/** Flushes and closes writers in the background. Disposing it waits for those on their way, whatever became of them. */
export class FlushQueue implements AsyncDisposable {
  readonly #flushing = new Set<Promise<void>>();
  #failures: Error[] = [];

  /** Takes a committed writer over; waits while too many are on their way. Throws what an earlier flush failed with. */
  async add(writer: ObjectWriter): Promise<void> {
    const flushed = flushAndClose(writer).catch((error: unknown) => {
      this.#failures.push(error instanceof Error ? error : new Error(String(error)));
    });
    this.#flushing.add(flushed);
    void flushed.then(() => this.#flushing.delete(flushed));
    if (this.#flushing.size >= flushesAtOnce) await Promise.race(this.#flushing);
    this.#throwFailure();
  }

  /** Waits until everything is durable. */
  async done(): Promise<void> {
    await Promise.all(this.#flushing);
    this.#throwFailure();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#flushing);
  }

  #throwFailure(): void {
    const [first] = this.#failures;
    if (first !== undefined) throw first;
  }
}

async function flushAndClose(writer: ObjectWriter): Promise<void> {
  await using _closed = writer;
  await writer.flush();
}
