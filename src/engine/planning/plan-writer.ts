/** Turns the walk into parts: decides the cuts, writes each part's page of the plan, and says when it is durable. */
import { checkPartNumber, cutsBefore, isSplit, pieceLength, targetSize, weight } from "../../domain/cut.ts";
import { type Entry, isHeld } from "../../domain/entry.ts";
import type { ExportOptions } from "../../domain/export-options.ts";
import type { PlannedPart } from "../../domain/part.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Format } from "../../domain/ports/format.ts";
import { OpenPart } from "./open-part.ts";

export interface PlanTotals {
  /** Entries that the export holds. */
  entries: number;
  /** Those that are no directories. */
  files: number;
  /** Planned bytes of content. */
  content: number;
}

export interface PlanWriterOptions {
  readonly destination: Destination;
  readonly format: Format;
  readonly options: ExportOptions;
  readonly clock: Clock;
  /** Called in order when a part's page is durable: the part may be packed. */
  readonly onPart: (part: PlannedPart) => void;
}

/** Writes all pages; resolves when the last is durable. Throws TooManyParts and the destination's errors. */
export async function writePlan(
  entries: AsyncIterable<readonly Entry[]>,
  context: PlanWriterOptions,
  signal: AbortSignal,
): Promise<PlanTotals> {
  await using planner = new Planner(context, signal);
  for await (const batch of entries) {
    signal.throwIfAborted();
    for (const entry of batch) {
      // Most entries just join the open part; only a cut has to wait.
      if (!planner.join(entry)) await planner.place(entry);
    }
  }
  return await planner.finish();
}

/** Where a page takes long to store, this many are on their way while the walk goes on. */
const mostOnTheirWay = 16;

class Planner implements AsyncDisposable {
  readonly #context: PlanWriterOptions;
  readonly #signal: AbortSignal;
  readonly #totals: PlanTotals = { entries: 0, files: 0, content: 0 };
  #next = 0;
  #part: OpenPart | undefined;
  #published: Promise<void> = Promise.resolve();
  /** Pages that may not be durable yet, the oldest first. */
  readonly #onTheirWay: Promise<void>[] = [];

  constructor(context: PlanWriterOptions, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
  }

  /** Adds the entry to the open part if it belongs there. */
  join(seen: Entry): boolean {
    const part = this.#part;
    if (part === undefined) return false;
    const entry = this.#fitted(seen);
    if (this.#isSplit(entry, part.target)) return false;
    const added = this.#weigh(entry);
    if (cutsBefore(entry.path, added, part.bytes, part.target)) return false;
    this.#count(entry);
    part.add(entry, added);
    return true;
  }

  /** Begins a part, or several, with the entry. */
  async place(seen: Entry): Promise<void> {
    const entry = this.#fitted(seen);
    await this.#close(false);
    this.#count(entry);
    if (!this.#isSplit(entry, targetSize(this.#context.options.partSize, this.#next))) {
      (await this.#open()).add(entry, this.#weigh(entry));
      return;
    }
    for (let start = 0; start < entry.size;) {
      const part = await this.#open();
      const length = pieceLength(entry.size, start, part.target);
      const planned = { ...entry, piece: { start, length } };
      part.startsInside = start > 0;
      part.add(planned, weight(this.#context.format.plannedSize(planned)));
      start += length;
      if (start < entry.size) await this.#close(true);
    }
  }

  async finish(): Promise<PlanTotals> {
    await this.#close(false);
    await this.#published;
    return this.#totals;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#part?.[Symbol.asyncDispose]();
  }

  /** What the format has no place for is a difference. */
  #fitted(entry: Entry): Entry {
    const { format } = this.#context;
    if (entry.difference !== undefined) return entry;
    const fits = entry.path.length <= (format.longestPath ?? Infinity) && this.#hasName(entry);
    if (format.holds(entry.type) && fits) return entry;
    return { ...entry, difference: "unsupported" };
  }

  /** A file that is kept as it is needs a name that the destination takes. */
  #hasName({ type, path }: Entry): boolean {
    const { format, destination } = this.#context;
    if (format.layout !== "files" || type !== "file") return true;
    return destination.takesName?.(`files/${path}`) ?? true;
  }

  #isSplit(entry: Entry, target: number): boolean {
    return this.#context.format.layout === "archive" && isSplit(entry.size, target) && isHeld(entry);
  }

  #weigh(entry: Entry): number {
    return weight(isHeld(entry) ? this.#context.format.plannedSize(entry) : 0);
  }

  #count(entry: Entry): void {
    if (!isHeld(entry)) return;
    this.#totals.entries++;
    this.#totals.content += entry.size;
    if (entry.type !== "directory") this.#totals.files++;
  }

  async #open(): Promise<OpenPart> {
    const { destination, options, clock } = this.#context;
    const number = this.#next++;
    checkPartNumber(options.partSize, number);
    this.#part = await OpenPart.create(number, destination, { options, now: clock.now() }, this.#signal);
    return this.#part;
  }

  async #close(endsInside: boolean): Promise<void> {
    const part = this.#part;
    if (part === undefined) return;
    const planned = part.close(endsInside);
    this.#part = undefined;
    const before = this.#published;
    const published = publish(part).then(async () => {
      await before;
      this.#context.onPart(planned);
    });
    this.#published = published;
    // A failure is thrown a few parts later, or at the end of the plan; until then the walk goes on and nobody awaits it.
    published.catch(() => undefined);
    this.#onTheirWay.push(published);
    if (this.#onTheirWay.length > mostOnTheirWay) await this.#onTheirWay.shift();
  }
}

async function publish(part: OpenPart): Promise<void> {
  await using _closed = part;
  await part.publish();
}
