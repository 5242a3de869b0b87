/** Packs one part of an archive format: plan lines in, stored bytes, index lines and differences out. */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { crc32Combine } from "../../domain/crc32-combine.ts";
import { contentLength, isHeld, type PlannedEntry } from "../../domain/entry.ts";
import type { PlannedPart } from "../../domain/part.ts";
import { parsePlanLine, type Placement } from "../../domain/plan-line.ts";
import type { ArchiveFormat, EntryClosing, PartEncoder } from "../../domain/ports/format.ts";
import type { Receipt } from "../../domain/receipt.ts";
import type { PackContext } from "./context.ts";
import { copyContent } from "./entry-content.ts";
import type { Fragments } from "./fragments.ts";
import { readPlanPage } from "./plan-page.ts";
import { priorPieces } from "./prior-pieces.ts";

export interface PackedContent {
  readonly uncompressedSize: number;
  readonly frames: Receipt["frames"];
  readonly piece: Receipt["piece"];
}

/** Bytes of content after which other work of the process gets its turn. */
const patience = 4 * 2 ** 20;

export async function packArchivePart(
  context: PackContext,
  format: ArchiveFormat,
  part: PlannedPart,
  outputs: { sink: (bytes: Uint8Array) => void; fragments: Fragments },
  signal: AbortSignal,
): Promise<PackedContent> {
  const { sink, fragments } = outputs;
  const encoder = format.createPartEncoder({ level: context.options.level, sink });
  let piece: Receipt["piece"];
  let sinceTurn = 0;
  let filesSinceTurn = 0;
  for await (const lines of readPlanPage(context.destination, part, signal)) {
    for (const line of lines) {
      const entry = parsePlanLine(line);
      if (entry.difference !== undefined) fragments.difference(entry, entry.difference);
      if (!isHeld(entry)) continue;
      const offset = encoder.begin(entry);
      const content = packContent(context, entry, encoder, signal);
      const { crc32, difference, sha256 } = content instanceof Promise ? await content : content;
      if (difference !== undefined) fragments.difference(entry, difference);
      const closing = isLaterPiece(entry)
        ? await closingOf(context, format, part, { entry, crc32 }, signal)
        : { crc32, storedBefore: 0 };
      const storedSize = encoder.end(closing);
      if (entry.piece !== undefined && part.endsInside) piece = { crc32, storedSize: storedSize ?? 0 };
      fragments.index(entry.path, line, placementOf({ offset, crc32, storedSize, sha256, difference }));
      sinceTurn += contentLength(entry);
      filesSinceTurn++;
      if (sinceTurn < patience) continue;
      context.onProgress({ bytes: sinceTurn, files: filesSinceTurn });
      sinceTurn = 0;
      filesSinceTurn = 0;
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  context.onProgress({ bytes: sinceTurn, files: filesSinceTurn });
  const { uncompressedSize, frames } = encoder.finish();
  return { uncompressedSize, frames: frames.map(([stored, length]) => [stored, length]), piece };
}

type EntryContent = Pick<Placement, "crc32" | "sha256" | "difference">;

function packContent(
  context: PackContext,
  entry: PlannedEntry,
  encoder: PartEncoder,
  signal: AbortSignal,
): EntryContent | Promise<EntryContent> {
  if (entry.type !== "file" || contentLength(entry) === 0) return { crc32: 0 };
  if (!context.options.entryDigests) return copyContent(context.source, entry, { encoder, hash: undefined }, signal);
  const hash = createHash("sha256");
  const content = copyContent(context.source, entry, { encoder, hash }, signal);
  if (!(content instanceof Promise)) return { ...content, sha256: hash.digest("hex") };
  return content.then((done) => ({ ...done, sha256: hash.digest("hex") }));
}

const isLaterPiece = (entry: PlannedEntry): boolean => (entry.piece?.start ?? 0) > 0;

/** A zip says at a file's end what all its pieces come to. */
async function closingOf(
  context: PackContext,
  format: ArchiveFormat,
  part: PlannedPart,
  piece: { entry: PlannedEntry; crc32: number },
  signal: AbortSignal,
): Promise<EntryClosing> {
  if (!format.closesSplitFiles || part.endsInside) return { crc32: piece.crc32, storedBefore: 0 };
  const before = await priorPieces(context.destination, part.number, signal);
  const joined = crc32Combine(before.crc32, piece.crc32, contentLength(piece.entry));
  return { crc32: joined, storedBefore: before.storedSize };
}

function placementOf(found: {
  offset: number;
  crc32: number;
  storedSize: number | undefined;
  sha256: string | undefined;
  difference: Placement["difference"] | undefined;
}): Placement {
  const { offset, crc32, storedSize, sha256, difference } = found;
  return {
    offset,
    crc32,
    ...(storedSize === undefined ? undefined : { storedSize }),
    ...(sha256 === undefined ? undefined : { sha256 }),
    ...(difference === undefined ? undefined : { difference }),
  };
}
