/** Moves one entry's content from the source into the part, as many bytes as were planned whatever the source does. */
import type { Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import type { DifferenceReason, ObjectDescription, PlannedEntry } from "../../domain/entry.ts";
import type { PartEncoder } from "../../domain/ports/format.ts";
import type { EntryReader, ImmediateReader, Source } from "../../domain/ports/source.ts";
import type { Pace } from "./context.ts";

export interface Content {
  readonly crc32: number;
  readonly difference?: DifferenceReason;
  readonly description?: ObjectDescription;
}

/** Larger entries let other work of the process have its turn now and then. */
const patience = 8 * 2 ** 20;

/**
 * `length` bytes from `start` of the entry; answers at once where the source does, and then leaves pacing to the caller.
 * `hash` sees the bytes too.
 */
export function copyContent(
  source: Pick<Source, "open">,
  entry: PlannedEntry,
  into: Target,
  signal: AbortSignal,
): Content | Promise<Content> {
  const start = entry.piece?.start ?? 0;
  const length = entry.piece?.length ?? entry.size;
  const opened = source.open(entry);
  if (opened instanceof Promise)
    return opened.then((reader) => copySlowly(reader, { start, length }, into, signal));
  if (typeof opened === "string") return absent(opened, length, into);
  if (length > patience) return copySlowly(opened, { start, length }, into, signal);
  return copyAtOnce(opened, { start, length }, into);
}

interface Target {
  readonly encoder: PartEncoder;
  readonly hash: Hash | undefined;
  readonly pace?: Pace | undefined;
}

interface Run {
  readonly start: number;
  readonly length: number;
}

function copyAtOnce(reader: ImmediateReader, run: Run, into: Target): Content {
  let done = 0;
  let sum = 0;
  try {
    while (done < run.length) {
      const space = roomFor(into.encoder, run.length - done);
      const read = reader.read(space, run.start + done);
      if (read === 0) break;
      sum = take(space, read, sum, into);
      done += read;
    }
    return finish(reader.difference(), run.length - done, sum, into);
  } finally {
    reader.close();
  }
}

async function copySlowly(
  reader: EntryReader | DifferenceReason,
  run: Run,
  into: Target,
  signal: AbortSignal,
): Promise<Content> {
  if (typeof reader === "string") return absent(reader, run.length, into);
  let done = 0;
  let sum = 0;
  try {
    while (done < run.length) {
      const space = roomFor(into.encoder, run.length - done);
      const read = await reader.read(space, run.start + done);
      if (read === 0) break;
      sum = take(space, read, sum, into);
      done += read;
      if (into.pace !== undefined) await into.pace(read, signal);
      await setImmediate();
      signal.throwIfAborted();
    }
    const content = finish(await reader.difference(), run.length - done, sum, into);
    const { description } = reader;
    return description === undefined || run.start > 0 ? content : { ...content, description };
  } finally {
    await reader.close();
  }
}

function roomFor(encoder: PartEncoder, wanted: number): Uint8Array {
  const space = encoder.space();
  return space.length > wanted ? space.subarray(0, wanted) : space;
}

function take(space: Uint8Array, length: number, sum: number, into: Target): number {
  const bytes = length === space.length ? space : space.subarray(0, length);
  into.hash?.update(bytes);
  const next = crc32(bytes, sum);
  into.encoder.filled(length);
  return next;
}

const absent = (difference: DifferenceReason, length: number, into: Target): Content =>
  finish(difference, length, 0, into);

/** What is missing of the planned length becomes zeros, so that everything after it stays where it was planned. */
function finish(
  difference: DifferenceReason | undefined,
  missing: number,
  sum: number,
  into: Target,
): Content {
  let left = missing;
  let result = sum;
  while (left > 0) {
    const space = roomFor(into.encoder, left);
    space.fill(0);
    result = take(space, space.length, result, into);
    left -= space.length;
  }
  const found = difference ?? (missing > 0 ? "changed" : undefined);
  return found === undefined ? { crc32: result } : { crc32: result, difference: found };
}
