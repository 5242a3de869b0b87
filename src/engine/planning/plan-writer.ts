/** Turns the walk into parts: decides the cuts, writes each part's page of the plan, and says when it is durable. */
import type { Hash } from "node:crypto";
import { checkPartNumber, cutsBefore, isSplit, pieceLength, targetSize, weight } from "../../domain/cut.ts";
import { contentLength, type Entry, isHeld, type PlannedEntry } from "../../domain/entry.ts";
import type { ExportOptions } from "../../domain/export-options.ts";
import { type PlannedPart, planPageName } from "../../domain/part.ts";
import { planLine } from "../../domain/plan-line.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Destination, ObjectWriter } from "../../domain/ports/destination.ts";
import type { Format } from "../../domain/ports/format.ts";
import { createLineWriter, digestOf, type LineWriter } from "../line-frames.ts";
import { beginKey } from "./part-key.ts";

export interface PlanTotals {
  entries: number;
  files: number;
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

/** A file as young as this when it was planned may change again without its times showing it. */
const settlingTime = 2_000_000_000n;

interface OpenPart {
  readonly number: number;
  readonly target: number;
  readonly startedAt: bigint;
  readonly key: Hash;
  readonly writer: ObjectWriter;
  readonly lines: LineWriter;
  bytes: number;
  entries: number;
  files: number;
  content: number;
  startsInside: boolean;
  settled: boolean;
}

/** Writes all pages; resolves when the last is durable. Throws TooManyParts and the destination's errors. */
export async function writePlan(
  entries: AsyncIterable<readonly Entry[]>,
  context: PlanWriterOptions,
  signal: AbortSignal,
): Promise<PlanTotals> {
  const { format } = context;
  const totals: PlanTotals = { entries: 0, files: 0, content: 0 };
  let number = 0;
  let part: OpenPart | undefined;
  let published: Promise<void> = Promise.resolve();
  // A failure while the walk goes on is thrown at the next cut; until then nobody awaits it.
  published.catch(() => undefined);

  const close = async (endsInside: boolean): Promise<void> => {
    if (part === undefined) return;
    const closed = part;
    part = undefined;
    const planned = await closePart(closed, endsInside);
    const before = published;
    published = closed.writer.flush().then(async () => {
      await closed.writer[Symbol.asyncDispose]();
      await before;
      context.onPart(planned);
    });
    published.catch(() => undefined);
  };
  const ensure = async (): Promise<OpenPart> => (part ??= await openPart(number++, context, signal));
  const split = async (entry: Entry): Promise<void> => {
    await close(false);
    for (let start = 0; start < entry.size; ) {
      const open = await ensure();
      const length = pieceLength(entry.size, start, open.target);
      open.startsInside = start > 0;
      add(open, { ...entry, piece: { start, length } }, format, totals);
      start += length;
      if (start < entry.size) await close(true);
    }
  };

  try {
    for await (const batch of entries) {
      signal.throwIfAborted();
      for (const seen of batch) {
        const entry = format.holds(seen.type) || seen.difference !== undefined ? seen : unsupported(seen);
        const added = weight(isHeld(entry) ? format.plannedSize(entry) : 0);
        const target = part?.target ?? targetSize(context.options.partSize, number);
        if (format.layout === "archive" && isHeld(entry) && isSplit(entry.size, target)) {
          await split(entry);
          continue;
        }
        if (part !== undefined && cutsBefore(entry.path, added, part.bytes, part.target)) await close(false);
        add(part ?? (await ensure()), entry, format, totals, added);
      }
    }
    await close(false);
    await published;
    return totals;
  } finally {
    await part?.writer[Symbol.asyncDispose]();
  }
}

function unsupported(entry: Entry): Entry {
  return { ...entry, difference: "unsupported" };
}

async function openPart(number: number, context: PlanWriterOptions, signal: AbortSignal): Promise<OpenPart> {
  const { options, format } = context;
  checkPartNumber(options.partSize, number);
  const key = beginKey(format.name, options.level);
  const writer = await context.destination.create(`tmp/plan.${number}`, signal);
  return {
    number,
    target: targetSize(options.partSize, number),
    startedAt: BigInt(context.clock.now()) * 1_000_000n,
    key,
    writer,
    lines: createLineWriter(writer, (text) => key.update(text)),
    bytes: 0,
    entries: 0,
    files: 0,
    content: 0,
    startsInside: false,
    settled: true,
  };
}

function add(part: OpenPart, entry: PlannedEntry, format: Format, totals: PlanTotals, known?: number): void {
  const held = isHeld(entry);
  part.lines.add(planLine(entry));
  part.bytes += known ?? weight(held ? format.plannedSize(entry) : 0);
  part.entries++;
  const content = held ? contentLength(entry) : 0;
  part.content += content;
  totals.content += content;
  if (entry.type === "file" && part.settled) part.settled = isSettled(entry, part.startedAt);
  const begins = entry.piece === undefined || entry.piece.start === 0;
  if (!begins) return;
  totals.entries += held ? 1 : 0;
  if (!held || entry.type === "directory") return;
  part.files++;
  totals.files++;
}

/** A modification time in the future was set by hand and says nothing; a change then still shows in the ctime. */
function isSettled(entry: Entry, plannedAt: bigint): boolean {
  const since = plannedAt - settlingTime;
  return entry.ctime < since && (entry.mtime < since || entry.mtime > plannedAt + settlingTime);
}

async function closePart(part: OpenPart, endsInside: boolean): Promise<PlannedPart> {
  const written = part.lines.finish();
  const object = planPageName(part.number);
  await part.writer.commit(object);
  const { number, entries, files, content, startsInside, settled } = part;
  return {
    number,
    key: part.key.digest("hex"),
    entries,
    files,
    content,
    startsInside,
    endsInside,
    settled,
    page: digestOf(object, written),
  };
}
