/** Packs one part of format Files: a run of whole files, each kept as it is under its own path. */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { type DifferenceReason, isHeld, type PlannedEntry } from "../../domain/entry.ts";
import type { PlannedPart } from "../../domain/part.ts";
import { parsePlanLine, type Placement } from "../../domain/plan-line.ts";
import type { EntryReader } from "../../domain/ports/source.ts";
import type { ObjectWriter } from "../../domain/ports/destination.ts";
import type { PackContext } from "./context.ts";
import type { Fragments } from "./fragments.ts";
import { readPlanPage } from "./plan-page.ts";

export interface PackedFiles {
  readonly size: number;
  /** Over the lines `<sha256>  <size>\n` of the part's files in order. */
  readonly sha256: string;
}

const bufferSize = 4 * 2 ** 20;
/** Files that are written but not yet flushed; flushing many side by side is what makes small files bearable. */
const flushesAtOnce = 32;

export async function packFilesPart(
  context: PackContext,
  part: PlannedPart,
  fragments: Fragments,
  temporary: string,
  signal: AbortSignal,
): Promise<PackedFiles> {
  const buffer = Buffer.allocUnsafeSlow(bufferSize);
  const digest = createHash("sha256");
  const flushing = new Set<Promise<void>>();
  let failure: unknown;
  let size = 0;
  try {
    for await (const lines of readPlanPage(context.destination, part, signal)) {
      for (const line of lines) {
        const entry = parsePlanLine(line);
        if (entry.difference !== undefined) fragments.difference(entry, entry.difference);
        if (!isHeld(entry)) continue;
        const placement = entry.type === "file" ? await keepFile(entry) : { offset: 0, crc32: 0 };
        if (placement.difference !== undefined) fragments.difference(entry, placement.difference);
        if (placement.sha256 !== undefined) digest.update(`${placement.sha256}  ${placement.size ?? 0}\n`);
        size += placement.size ?? 0;
        fragments.index(entry.path, line, placement);
        context.onProgress({ bytes: entry.size, files: 1 });
      }
    }
  } finally {
    await Promise.all(flushing);
  }
  if (failure !== undefined) throw failure;
  return { size, sha256: digest.digest("hex") };

  async function keepFile(entry: PlannedEntry): Promise<Placement> {
    const reader = await context.source.open(entry);
    if (typeof reader === "string") return { offset: 0, crc32: 0, difference: reader };
    const writer = await context.destination.create(temporary, signal);
    try {
      const kept = await copy(reader, writer);
      if (kept.difference === "unreadable") {
        await writer[Symbol.asyncDispose]();
        return { offset: 0, crc32: 0, difference: kept.difference };
      }
      await writer.commit(`files/${entry.path}`);
      await flushLater(writer);
      return kept;
    } catch (error) {
      await writer[Symbol.asyncDispose]();
      throw error;
    } finally {
      await reader.close();
    }
  }

  async function copy(reader: EntryReader, writer: ObjectWriter): Promise<Placement> {
    const hash = createHash("sha256");
    let sum = 0;
    let position = 0;
    for (;;) {
      const length = await reader.read(buffer, position);
      if (length === 0) break;
      const bytes = buffer.subarray(0, length);
      hash.update(bytes);
      sum = crc32(bytes, sum);
      writer.write(bytes);
      position += length;
      if (length === bufferSize) await setImmediate();
      signal.throwIfAborted();
    }
    const difference: DifferenceReason | undefined = await reader.difference();
    const found = difference === undefined ? undefined : { difference };
    return { offset: 0, crc32: sum, size: position, sha256: hash.digest("hex"), ...found };
  }

  async function flushLater(writer: ObjectWriter): Promise<void> {
    const flushed = flush(writer).catch((error: unknown) => {
      failure ??= error;
    });
    flushing.add(flushed);
    void flushed.then(() => flushing.delete(flushed));
    if (flushing.size >= flushesAtOnce) await Promise.race(flushing);
    if (failure !== undefined) throw failure;
  }
}

async function flush(writer: ObjectWriter): Promise<void> {
  try {
    await writer.flush();
  } finally {
    await writer[Symbol.asyncDispose]();
  }
}
