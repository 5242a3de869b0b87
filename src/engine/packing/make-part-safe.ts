/**
 * What a worker does with a task: make sure that the part is safe and its receipt stands, by whatever is cheapest.
 * Any number of workers may do the same task at any time; the first receipt counts.
 */
import { LongshoreError } from "../../domain/errors.ts";
import type { PackOutcome, PackTask } from "../../domain/pack-task.ts";
import {
  attemptName,
  draftReceiptName,
  filesFolder,
  isObjectName,
  number8,
  type PlannedPart,
  receiptName,
} from "../../domain/part.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { isOfUpload, readReceipt, receiptBytes } from "../receipts.ts";
import { findAdoptable } from "./adopt.ts";
import type { PackContext } from "./context.ts";
import { openFragments } from "./fragments.ts";
import { packArchivePart } from "./pack-archive-part.ts";
import { packFilesPart } from "./pack-files-part.ts";
import { openPartOutput, type PartOutput } from "./part-output.ts";
import { reusePart } from "./reuse.ts";

/**
 * Resolves when a kill would cost no more than the part packed next; `safe` resolves when the receipt stands, for
 * flushing runs beside the packing of the next part where it can. Errors are the source's, the destination's, or Damaged.
 */
export async function makePartSafe(
  context: PackContext,
  task: PackTask,
  signal: AbortSignal,
): Promise<{ safe: Promise<PackOutcome> }> {
  const { part } = task;
  if (context.resumed) {
    const receipt = await readReceipt(context.destination, part.number, signal);
    if (receipt?.key === part.key && isOfUpload(receipt, context.upload))
      return { safe: Promise.resolve(outcome(receipt, "kept")) };
    await dropStale(context, part, receipt, signal);
    const adoptable = await findAdoptable(context, part, signal);
    if (adoptable !== undefined) return { safe: publish(context, adoptable, "adopted", signal) };
  }
  if (task.reuse !== undefined) {
    const reused = await reusePart(context, part, task.reuse, signal);
    if (reused !== undefined) return { safe: publish(context, reused, "reused", signal) };
  }
  return pack(context, part, signal);
}

/** A receipt of another key is of a plan that was never finished: nothing refers to what it vouches for. */
async function dropStale(
  context: PackContext,
  part: PlannedPart,
  receipt: Receipt | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (receipt === undefined) return;
  await context.destination.remove(receiptName(part.number), signal);
}

async function pack(
  context: PackContext,
  part: PlannedPart,
  signal: AbortSignal,
): Promise<{ safe: Promise<PackOutcome> }> {
  const attempt = await beginAttempt(context, part, signal);
  const startedAt = new Date(context.clock.now()).toISOString();
  const temporary = `tmp/${number8(part.number)}.${attempt}`;
  const fragments = await openFragments(context.destination, part.number, temporary, signal);
  let output: PartOutput | undefined;
  try {
    const stored = await packContent();
    const safe = finishLater(await settleNames(stored));
    if (!isAdoptable(context)) await safe;
    return { safe };
  } catch (error) {
    await output?.[Symbol.asyncDispose]();
    await fragments[Symbol.asyncDispose]();
    throw error;
  }

  /** Everything has its name, and a draft of the receipt says so. */
  async function settleNames(stored: StoredContent): Promise<Receipt> {
    const records = await fragments.commit();
    const { number, key, startsInside, endsInside, settled, entries, files, content } = part;
    const receipt: Receipt = {
      formatVersion: 1,
      number,
      key,
      ...stored,
      startsInside,
      endsInside,
      settled,
      counts: { entries, files, content },
      differences: records.differences,
      index: records.index,
      attempt,
      adopted: false,
      reused: false,
      startedAt,
      finishedAt: new Date(context.clock.now()).toISOString(),
    };
    await writeDraft(context, receipt, signal);
    await output?.commit(receipt.object);
    return receipt;
  }

  async function packContent(): Promise<StoredContent> {
    const { format } = context;
    if (format.layout === "files") {
      const { size, sha256 } = await packFilesPart(context, { part, fragments, temporary }, signal);
      return { object: filesFolder, size, sha256, uncompressedSize: size, frames: [] };
    }
    output = await openPartOutput(context, { number: part.number, format, temporary }, signal);
    const packed = await packArchivePart(context, { part, format, sink: output.write, fragments }, signal);
    const { frames, ...rest } = packed;
    const { padding, ...stored } = output.finish();
    return { ...stored, ...rest, frames: padding === undefined ? frames : [...frames, padding] };
  }

  async function finishLater(receipt: Receipt): Promise<PackOutcome> {
    try {
      const sent = await output?.flush();
      await fragments.flush();
      const proved = sent === undefined ? receipt : { ...receipt, sent };
      return await publish(context, proved, "packed", signal);
    } finally {
      await output?.[Symbol.asyncDispose]();
      await fragments[Symbol.asyncDispose]();
    }
  }
}

/**
 * Whether the draft is enough to take the part over. Else, were the next one packed beside it, a kill would cost two:
 * until the store has it, a part of an upload lies nowhere, and loose files have no digest to be known by.
 */
const isAdoptable = ({ upload, format }: PackContext): boolean =>
  upload === undefined && format.layout !== "files";

type StoredContent = Pick<
  Receipt,
  "object" | "size" | "sha256" | "sent" | "uncompressedSize" | "frames" | "piece"
>;

/** Counts the attempt before it is made, so that even one that is killed is known. */
async function beginAttempt(context: PackContext, part: PlannedPart, signal: AbortSignal): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    if (await context.destination.mark(attemptName(part.number, attempt), signal)) return attempt;
  }
}

/** Not flushed: if it is lost, the part is packed again. */
async function writeDraft(context: PackContext, receipt: Receipt, signal: AbortSignal): Promise<void> {
  const name = draftReceiptName(receipt.number);
  await using writer = await context.destination.create(`${name}.${receipt.attempt}`, signal);
  writer.write(receiptBytes(receipt));
  await writer.commit(name);
}

/** The first receipt counts; whoever comes later removes what it alone made. */
async function publish(
  context: PackContext,
  receipt: Receipt,
  way: PackOutcome["way"],
  signal: AbortSignal,
): Promise<PackOutcome> {
  const { destination } = context;
  if (await destination.putIfAbsent(receiptName(receipt.number), receiptBytes(receipt), signal)) {
    return outcome(receipt, way);
  }
  const winner = await readReceipt(destination, receipt.number, signal);
  if (winner === undefined || winner.key !== receipt.key || !isOfUpload(winner, context.upload)) {
    throw new LongshoreError(
      "WorkerLost",
      `part ${receipt.number} of ${destination.location} was taken away by another process`,
    );
  }
  for (const object of [
    receipt.object,
    receipt.index.fragment.object,
    receipt.differences.fragment?.object,
  ]) {
    const kept = [winner.object, winner.index.fragment.object, winner.differences.fragment?.object];
    if (object !== undefined && isObjectName(object) && !kept.includes(object))
      await destination.remove(object, signal);
  }
  return outcome(winner, "adopted");
}

function outcome(receipt: Receipt, way: PackOutcome["way"]): PackOutcome {
  return { number: receipt.number, size: receipt.size, differences: receipt.differences.count, way };
}
