/** The content of an entry, checked against the index: whatever the format, by one call. */
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import type { IndexEntry } from "../../domain/plan-line.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { type ContentReader, type ContentSink, type Damage, pieceLength } from "./content-reader.ts";
import type { IndexedEntry, WholeEntry } from "./index-lines.ts";
import type { OpenExport, ReadingFormat, ReadingStoredFormat } from "./open-export.ts";
import { PieceCheck } from "./piece-check.ts";
import { isSafePath } from "./safe-path.ts";
import { StreamContent } from "./stream-content.ts";

/** One reader serves one reading at a time: it keeps the last frame, so that reading in order decodes each once. */
export function openContent(opened: OpenExport, format: ReadingFormat): ContentReader {
  if (format.layout === "files")
    return { copy: (whole, sink, signal) => copyFile(opened.destination, whole, sink, signal) };
  if (format.offsets === "stream") return new StreamContent(opened, format);
  return { copy: (whole, sink, signal) => copyStored({ opened, format, whole, sink }, signal) };
}

/** Bytes of content: as planned, or as they were where files are kept as they are. */
const contentSize = (entry: IndexEntry): number => entry.placement.size ?? entry.size;

/** Name of the file that holds the content where files are kept as they are. */
export const fileObject = (path: string): string => `files/${path}`;

async function copyFile(
  destination: Destination,
  whole: WholeEntry,
  sink: ContentSink,
  signal: AbortSignal,
): Promise<Damage | undefined> {
  const { entry, pieces } = whole;
  const object = fileObject(entry.path);
  const place = { part: pieces[0]?.part ?? 0, object };
  if (!isSafePath(entry.path)) return { ...place, message: "its path leads out of the export" };
  const length = contentSize(entry);
  const size = await destination.size(object, signal);
  if (size !== length)
    return { ...place, message: size === undefined ? "it is missing" : sizeMessage(size, length) };
  const check = new PieceCheck([{ ...place, length, crc32: entry.placement.crc32 }]);
  return feed(check, destination.read(object, { offset: 0, length }, signal), sink, signal);
}

const sizeMessage = (size: number, length: number): string => `it has ${size} bytes instead of ${length}`;

interface StoredCopy {
  readonly opened: OpenExport;
  readonly format: ReadingStoredFormat;
  readonly whole: WholeEntry;
  readonly sink: ContentSink;
}

async function copyStored(copy: StoredCopy, signal: AbortSignal): Promise<Damage | undefined> {
  const { opened, format, whole, sink } = copy;
  if (whole.entry.size === 0) return undefined;
  const pieces = whole.pieces.map((piece) => ({
    part: piece.part,
    object: opened.parts.get(piece.part)?.object ?? "",
    length: pieceLength(piece),
    crc32: piece.entry.placement.crc32,
  }));
  const check = new PieceCheck(pieces);
  const misfit = check.misfit(whole.entry.size);
  if (misfit !== undefined) return misfit;
  return feed(check, format.decodeEntry(storedBytes(opened, whole.pieces, signal), signal), sink, signal);
}

async function* storedBytes(
  opened: OpenExport,
  pieces: readonly IndexedEntry[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const { part, entry } of pieces) {
    const object = opened.parts.get(part)?.object;
    if (object === undefined)
      throw new LongshoreError("Damaged", `the index names a part ${part} that is not there`);
    const length = entry.placement.storedSize ?? 0;
    yield* opened.destination.read(object, { offset: entry.placement.offset, length }, signal);
  }
}

async function feed(
  check: PieceCheck,
  content: AsyncIterable<Uint8Array>,
  sink: ContentSink,
  signal: AbortSignal,
): Promise<Damage | undefined> {
  const chunks = content[Symbol.asyncIterator]();
  try {
    while (true) {
      const chunk = await nextOrDamage(chunks, check);
      if (chunk === undefined) return check.end();
      if (!(chunk instanceof Uint8Array)) return chunk;
      signal.throwIfAborted();
      const damage = check.add(chunk);
      if (damage !== undefined) return damage;
      sink(chunk);
    }
  } finally {
    await chunks.return?.();
  }
}

async function nextOrDamage(
  chunks: AsyncIterator<Uint8Array>,
  check: PieceCheck,
): Promise<Uint8Array | Damage | undefined> {
  try {
    const next = await chunks.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    if (hasCode(error, "Damaged")) return check.damage(error.message);
    throw error;
  }
}
