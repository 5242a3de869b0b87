/** Opens the next small files of a plan page before their turn, where each opening takes a while: so their waits overlap. */
import { contentLength, type DifferenceReason, isHeld, type PlannedEntry } from "../../domain/entry.ts";
import { parsePlanLine } from "../../domain/plan-line.ts";
import type { EntryReader, Source } from "../../domain/ports/source.ts";

/** What is larger is worth a wait of its own, and a reader may hold it in memory. */
const largestAhead = 2 ** 20;

type Opened = Promise<EntryReader | DifferenceReason>;

/** Disposing it closes what was opened and not taken. */
export class OpenedAhead implements AsyncDisposable {
  readonly #source: Source;
  readonly #most: number;
  readonly #opened = new Map<string, Opened>();
  #lines: readonly string[] = [];
  /** The first of the lines that was not looked at. */
  #next = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#most = source.openAhead ?? 0;
  }

  /** Called before the entry of each line is opened. */
  prepare(lines: readonly string[], index: number): void {
    if (this.#most === 0) return;
    if (lines !== this.#lines) {
      this.#lines = lines;
      this.#next = index;
    }
    while (this.#opened.size < this.#most && this.#next < lines.length) this.#open(lines[this.#next++]);
  }

  open(entry: PlannedEntry): ReturnType<Source["open"]> {
    const opened = this.#opened.get(entry.path);
    if (opened === undefined) return this.#source.open(entry);
    this.#opened.delete(entry.path);
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const outcome of await Promise.allSettled(this.#opened.values())) {
      if (outcome.status === "fulfilled" && typeof outcome.value !== "string") await outcome.value.close();
    }
    this.#opened.clear();
  }

  #open(line: string | undefined): void {
    if (line === undefined) return;
    const entry = parsePlanLine(line);
    if (entry.type !== "file" || !isHeld(entry) || contentLength(entry) > largestAhead) return;
    const opened = Promise.resolve(this.#source.open(entry));
    // A failure is thrown in the entry's turn.
    opened.catch(() => undefined);
    this.#opened.set(entry.path, opened);
  }
}
