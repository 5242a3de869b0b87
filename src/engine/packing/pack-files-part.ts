/** Packs one part of format Files: a run of whole files, each kept as it is under its own path. */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { type DifferenceReason, isHeld, type PlannedEntry } from "../../domain/entry.ts";
import type { PlannedPart } from "../../domain/part.ts";
import { parsePlanLine, type Placement } from "../../domain/plan-line.ts";
import type { ObjectWriter } from "../../domain/ports/destination.ts";
import type { EntryReader } from "../../domain/ports/source.ts";
import { ahead } from "../ahead.ts";
import type { Pace, PackContext } from "./context.ts";
import { FlushQueue } from "./flush-queue.ts";
import type { Fragments } from "./fragments.ts";
import { createGate } from "./gate.ts";
import { createPiecedObject, isWorthPieces, type PiecedWriter } from "./pieced-object.ts";
import { readPlanPage } from "./plan-page.ts";

export interface FilesPart {
  readonly part: PlannedPart;
  readonly fragments: Fragments;
  /** Name for a file that is not whole yet. */
  readonly temporary: string;
}

export interface PackedFiles {
  readonly size: number;
  /** Over the lines `<sha256>  <size>\n` of the part's files in order. */
  readonly sha256: string;
}

const bufferSize = 4 * 2 ** 20;
/** Files that are sent in pieces: one or two keep a line busy, and each takes memory. */
const largeAtOnce = 2;

export async function packFilesPart(
  context: PackContext,
  packed: FilesPart,
  signal: AbortSignal,
): Promise<PackedFiles> {
  const { part, fragments } = packed;
  const atOnce = Math.max(1, context.destination.writesAtOnce ?? 1, context.source.openAhead ?? 1);
  const buffers = Array.from({ length: atOnce }, () => Buffer.allocUnsafeSlow(bufferSize / atOnce));
  const digest = createHash("sha256");
  let size = 0;
  await using flushing = new FlushQueue();
  const enterLarge = createGate(largeAtOnce);
  let begun = 0;
  const keep = async (line: string): Promise<Kept> => {
    const entry = parsePlanLine(line);
    if (!isHeld(entry) || entry.type !== "file") return { line, entry, placement: nothing };
    const buffer = buffers.pop() ?? Buffer.allocUnsafeSlow(bufferSize / atOnce);
    const temporary = atOnce === 1 ? packed.temporary : `${packed.temporary}.${begun++}`;
    const placement = await keepFile(context, entry, { buffer, flushing, temporary, enterLarge }, signal);
    buffers.push(buffer);
    return { line, entry, placement };
  };
  const record = ({ line, entry, placement }: Kept): void => {
    if (entry.difference !== undefined) fragments.difference(entry, entry.difference);
    if (!isHeld(entry)) return;
    if (placement.difference !== undefined) fragments.difference(entry, placement.difference);
    if (placement.sha256 !== undefined) digest.update(`${placement.sha256}  ${placement.size ?? 0}\n`);
    size += placement.size ?? 0;
    fragments.index(entry.path, line, placement);
    context.onProgress({ bytes: entry.size, files: 1 });
  };
  for await (const lines of readPlanPage(context.destination, part, signal)) {
    for await (const kept of ahead(lines, atOnce, keep)) record(kept);
    await setImmediate();
  }
  await flushing.done();
  return { size, sha256: digest.digest("hex") };
}

interface Kept {
  readonly line: string;
  readonly entry: PlannedEntry;
  readonly placement: Placement;
}

const nothing: Placement = { offset: 0, crc32: 0 };

interface Means {
  readonly buffer: Buffer;
  readonly flushing: FlushQueue;
  readonly temporary: string;
  readonly enterLarge: () => Promise<Disposable>;
}

/** A file that vanished or can't be read is left out; a changed one is kept as it was read. */
async function keepFile(
  context: PackContext,
  entry: PlannedEntry,
  means: Means,
  signal: AbortSignal,
): Promise<Placement> {
  const object = `files/${entry.path}`;
  const archives = isWorthPieces(entry.size) ? context.destination.archives : undefined;
  using _room = archives === undefined ? undefined : await means.enterLarge();
  // An attempt that was cut off may have left an upload.
  if (context.resumed) await archives?.abortOthers(object, undefined, signal);
  const leaveOut = async (difference: DifferenceReason): Promise<Placement> => {
    // An attempt that came to nothing may have kept it.
    await context.destination.remove(object, signal);
    return { ...nothing, difference };
  };
  const reader = await context.source.open(entry);
  if (typeof reader === "string") return await leaveOut(reader);
  let writer: FileWriter | undefined;
  try {
    writer = await openWriter();
    const { pace } = context;
    const kept = await copy(
      reader,
      writer,
      { buffer: means.buffer, mostBytes: mostBytesOf(entry), pace },
      signal,
    );
    if (kept.difference === "unreadable" || kept.difference === "vanished")
      return await leaveOut(kept.difference);
    const { description } = reader;
    await writer.commit(object, description);
    await means.flushing.add(writer);
    writer = undefined;
    return description === undefined ? kept : { ...kept, description };
  } finally {
    await writer?.[Symbol.asyncDispose]();
    await reader.close();
  }

  async function openWriter(): Promise<FileWriter> {
    const { destination } = context;
    if (archives === undefined) return destination.create(means.temporary, signal);
    const contentType = typeof reader === "string" ? undefined : reader.description?.contentType;
    const large = { name: object, mostBytes: mostBytesOf(entry), contentType };
    return createPiecedObject({ destination, archives }, large, signal);
  }
}

/** What sends as it is written may ask to be waited for. */
type FileWriter = ObjectWriter & Partial<Pick<PiecedWriter, "ready">>;

/** A file that has grown is kept as it is now, but one that never stops growing must not keep us for ever. */
const mostBytesOf = (entry: PlannedEntry): number => 2 * entry.size + 2 ** 30;

interface Limits {
  readonly buffer: Buffer;
  readonly mostBytes: number;
  readonly pace: Pace | undefined;
}

async function copy(
  reader: EntryReader,
  writer: FileWriter,
  { buffer, mostBytes, pace }: Limits,
  signal: AbortSignal,
): Promise<Placement> {
  const hash = createHash("sha256");
  let sum = 0;
  let size = 0;
  while (size <= mostBytes) {
    const length = await reader.read(buffer, size);
    if (length === 0) break;
    const bytes = buffer.subarray(0, length);
    hash.update(bytes);
    sum = crc32(bytes, sum);
    writer.write(bytes);
    await writer.ready?.();
    size += length;
    if (pace !== undefined) await pace(length, signal);
    if (length === buffer.length) await setImmediate();
    signal.throwIfAborted();
  }
  const difference = await reader.difference();
  const kept = { offset: 0, crc32: sum, size, sha256: hash.digest("hex") };
  return difference === undefined ? kept : { ...kept, difference };
}
