/** The part that the planner is filling: its page of the plan, its key, and what it will hold. */
import type { Hash } from "node:crypto";
import { targetSize } from "../../domain/cut.ts";
import { contentLength, type Entry, isHeld, type PlannedEntry } from "../../domain/entry.ts";
import type { ExportOptions } from "../../domain/export-options.ts";
import { type PlannedPart, planPageName } from "../../domain/part.ts";
import { planLine } from "../../domain/plan-line.ts";
import type { Destination, ObjectWriter } from "../../domain/ports/destination.ts";
import { createLineWriter, digestOf, type LineWriter } from "../line-frames.ts";
import { beginKey } from "./part-key.ts";

/** A file as young as this when it was planned may change again without its times showing it. */
const settlingTime = 2_000_000_000n;

export class OpenPart implements AsyncDisposable {
  readonly number: number;
  /** Bytes that it aims at. */
  readonly target: number;
  /** Weight of what it holds so far. */
  bytes = 0;
  startsInside = false;
  readonly #plannedAt: bigint;
  readonly #key: Hash;
  readonly #writer: ObjectWriter;
  readonly #lines: LineWriter;
  #entries = 0;
  #files = 0;
  #content = 0;
  #settled = true;

  constructor(number: number, writer: ObjectWriter, options: ExportOptions, now: number) {
    this.number = number;
    this.target = targetSize(options.partSize, number);
    this.#plannedAt = BigInt(now) * 1_000_000n;
    this.#key = beginKey(options.format, options.level);
    this.#writer = writer;
    this.#lines = createLineWriter(writer, (text) => this.#key.update(text));
  }

  static async create(
    number: number,
    destination: Destination,
    given: PartOptions,
    signal: AbortSignal,
  ): Promise<OpenPart> {
    const writer = await destination.create(`tmp/plan.${number}`, signal);
    return new OpenPart(number, writer, given.options, given.now);
  }

  add(entry: PlannedEntry, weight: number): void {
    this.#lines.add(planLine(entry));
    this.bytes += weight;
    this.#entries++;
    if (entry.type === "file" && this.#settled) this.#settled = isSettled(entry, this.#plannedAt);
    if (!isHeld(entry)) return;
    this.#content += contentLength(entry);
    if (entry.type !== "directory" && (entry.piece?.start ?? 0) === 0) this.#files++;
  }

  /** Ends the page; the part may be packed when `publish` is done as well. */
  close(endsInside: boolean): PlannedPart {
    const written = this.#lines.finish();
    const object = planPageName(this.number);
    return {
      number: this.number,
      key: this.#key.digest("hex"),
      entries: this.#entries,
      files: this.#files,
      content: this.#content,
      startsInside: this.startsInside,
      endsInside,
      settled: this.#settled,
      page: digestOf(object, written),
    };
  }

  /** Gives the page its name, durably. */
  async publish(): Promise<void> {
    await this.#writer.commit(planPageName(this.number));
    await this.#writer.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#writer[Symbol.asyncDispose]();
  }
}

export interface PartOptions {
  readonly options: ExportOptions;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A modification time in the future was set by hand and says nothing; a change then still shows in the ctime. */
function isSettled(entry: Entry, plannedAt: bigint): boolean {
  const since = plannedAt - settlingTime;
  return entry.ctime < since && (entry.mtime < since || entry.mtime > plannedAt + settlingTime);
}
