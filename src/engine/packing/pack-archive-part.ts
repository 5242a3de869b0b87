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
import { OpenedAhead } from "./opened-ahead.ts";
import { readPlanPage } from "./plan-page.ts";
import { priorPieces } from "./prior-pieces.ts";

export interface PartToPack {
  readonly part: PlannedPart;
  readonly format: ArchiveFormat;
  /** Receives the stored bytes. */
  readonly sink: (bytes: Uint8Array) => void;
  readonly fragments: Fragments;
}

export interface PackedContent {
  readonly uncompressedSize: number;
  readonly frames: Receipt["frames"];
  readonly piece: Receipt["piece"];
}

/** Bytes of content after which other work of the process gets its turn. */
const patience = 4 * 2 ** 20;

export async function packArchivePart(
  context: PackContext,
  packed: PartToPack,
  signal: AbortSignal,
): Promise<PackedContent> {
  const { part, format, fragments } = packed;
  const encoder = format.createPartEncoder({ level: context.options.level, sink: packed.sink });
  let piece: Receipt["piece"];
  let bytes = 0;
  let files = 0;
  /** Of entries that were read at once; the others pace themselves. */
  let unpaced = 0;
  const takeTurn = async (): Promise<void> => {
    context.onProgress({ bytes, files });
    if (context.pace !== undefined && unpaced > 0) await context.pace(unpaced, signal);
    bytes = 0;
    files = 0;
    unpaced = 0;
    await setImmediate();
    signal.throwIfAborted();
  };
  await using opened = new OpenedAhead(context.source);
  for await (const lines of readPlanPage(context.destination, part, signal)) {
    for (const [index, line] of lines.entries()) {
      opened.prepare(lines, index);
      const entry = parsePlanLine(line);
      if (entry.difference !== undefined) fragments.difference(entry, entry.difference);
      if (!isHeld(entry)) continue;
      const offset = encoder.begin(entry);
      const packing = packContent(context, entry, { encoder, opened }, signal);
      const isImmediate = !(packing instanceof Promise);
      const content = isImmediate ? packing : await packing;
      if (isImmediate) unpaced += contentLength(entry);
      if (content.difference !== undefined) fragments.difference(entry, content.difference);
      const { crc32 } = content;
      const closing = isLaterPiece(entry)
        ? await closingOf(context, packed, { entry, crc32 }, signal)
        : { crc32, storedBefore: 0 };
      const storedSize = encoder.end(closing);
      piece = pieceOf(entry, crc32, storedSize);
      fragments.index(entry.path, line, placementOf(offset, storedSize, content));
      bytes += contentLength(entry);
      files++;
      if (bytes >= patience) await takeTurn();
    }
  }
  await takeTurn();
  const { uncompressedSize, frames } = encoder.finish();
  return {
    uncompressedSize,
    frames: frames.map(([stored, length]) => [stored, length]),
    piece: part.endsInside ? piece : undefined,
  };
}

const isLaterPiece = (entry: PlannedEntry): boolean => (entry.piece?.start ?? 0) > 0;

/** What the receipt says of a split file's piece, for the part that ends the file; only a part's last entry can be one that goes on. */
function pieceOf(entry: PlannedEntry, crc32: number, storedSize: number | undefined): Receipt["piece"] {
  return entry.piece === undefined ? undefined : { crc32, storedSize: storedSize ?? 0 };
}

type EntryContent = Pick<Placement, "crc32" | "sha256" | "difference" | "description">;

const nothing: EntryContent = { crc32: 0 };

function packContent(
  context: PackContext,
  entry: PlannedEntry,
  { encoder, opened }: { readonly encoder: PartEncoder; readonly opened: OpenedAhead },
  signal: AbortSignal,
): EntryContent | Promise<EntryContent> {
  if (entry.type !== "file") return nothing;
  if (!context.options.entryDigests) {
    return copyContent(opened, entry, { encoder, hash: undefined, pace: context.pace }, signal);
  }
  const hash = createHash("sha256");
  const content = copyContent(opened, entry, { encoder, hash, pace: context.pace }, signal);
  if (!(content instanceof Promise)) return { ...content, sha256: hash.digest("hex") };
  return content.then((done) => ({ ...done, sha256: hash.digest("hex") }));
}

/** A zip says at a file's end what all its pieces come to. */
async function closingOf(
  context: PackContext,
  { part, format }: PartToPack,
  piece: { entry: PlannedEntry; crc32: number },
  signal: AbortSignal,
): Promise<EntryClosing> {
  if (!format.closesSplitFiles || part.endsInside) return { crc32: piece.crc32, storedBefore: 0 };
  const before = await priorPieces(context.destination, part.number, signal);
  const joined = crc32Combine(before.crc32, piece.crc32, contentLength(piece.entry));
  return { crc32: joined, storedBefore: before.storedSize };
}

function placementOf(offset: number, storedSize: number | undefined, content: EntryContent): Placement {
  return storedSize === undefined ? { offset, ...content } : { offset, storedSize, ...content };
}
