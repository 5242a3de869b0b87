/** One entry of an export as a download: out of an archive only the bytes or frames that hold it are read. */
import { differencesName } from "../../domain/record-names.ts";
import { byteStringOfText, displayName } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { ManifestPart } from "../../domain/manifest.ts";
import { sha256 } from "../digest.ts";
import { damaged } from "../reading/document.ts";
import { fileObject } from "../reading/content.ts";
import { pieceLength } from "../reading/content-reader.ts";
import { findEntry, type IndexedEntry, type WholeEntry } from "../reading/index-lines.ts";
import type { ReadingStoredFormat } from "../reading/open-export.ts";
import { isSafePath } from "../reading/safe-path.ts";
import type { Blob, BlobReader, Segment, StoredBlob } from "./blob.ts";
import { checkedSegment } from "./checked-segment.ts";
import { withSlot } from "./decoder-slots.ts";
import { deflatedSegment, type StoredPiece } from "./deflated-segment.ts";
import { notFound } from "./download-name.ts";
import { entityTag } from "./entity-tag.ts";
import { frameSegment } from "./frame-segment.ts";
import { unknownType } from "./media-types.ts";
import { objectRunSegment, objectSegment } from "./object-segment.ts";
import { openSegments, startsOf } from "./segment-reader.ts";
import type { ServedExport } from "./served-export.ts";
import { directObject } from "./direct-object.ts";

/** Throws ResourceNotFound, NotDownloadable (a folder, a symbolic link, a device) or Damaged. */
export async function entryBlob(served: ServedExport, path: string, signal: AbortSignal): Promise<Blob> {
  const whole = await contentOf(served, path, signal);
  const { segments, size, facts, sha256, stored } =
    served.format.layout === "files" ? keptFile(served, whole) : packedFile(served, whole);
  const starts = startsOf(segments);
  const open = (): BlobReader => openSegments(segments, starts);
  const { format, shared } = served;
  const needsDecoder = format.layout === "archive" && format.offsets === "stored";
  return {
    size,
    etag: entityTag("entry", ...facts),
    contentType: unknownType,
    fileName: path.slice(path.lastIndexOf("/") + 1),
    sha256,
    lastModified: new Date(served.opened.manifest.run.finishedAt),
    stored,
    open: needsDecoder ? () => withSlot(open(), shared.slots) : open,
  };
}

/** The entry that has the content: of a hard link, the one it leads to. */
async function contentOf(served: ServedExport, path: string, signal: AbortSignal): Promise<WholeEntry> {
  const index = await served.index.get(signal);
  const found = isSafePath(path) ? await findEntry(index, path, signal) : undefined;
  if (found === undefined) throw await whyNotFound(served, path, signal);
  if (found.entry.type !== "hardlink") return readable(found);
  const target = await findEntry(index, found.entry.linkTarget ?? "", signal);
  if (target?.entry.type === "file") return readable(target);
  throw damaged(served.opened.destination, `the hard link ${displayName(path)} leads to no file`);
}

/** Throws unless it is a file whose content was read when the export was made. */
function readable(whole: WholeEntry): WholeEntry {
  const { entry } = whole;
  if (entry.type !== "file") throw notDownloadable(entry.path, entry.type);
  const isLost = whole.pieces.some(({ entry: { placement } }) => lost.has(placement.difference ?? ""));
  if (isLost)
    throw new LongshoreError(
      "ResourceNotFound",
      `${displayName(entry.path)} could not be read when the export was made`,
      { hint: `${differencesName} lists what the export could not take` },
    );
  return whole;
}

const lost: ReadonlySet<string> = new Set(["vanished", "unreadable", "unsupported"]);

/** A folder may be asked for without the slash that its path ends in. */
async function whyNotFound(served: ServedExport, path: string, signal: AbortSignal): Promise<LongshoreError> {
  const folder = `${path}/`;
  const index = await served.index.get(signal);
  const isFolder = isSafePath(folder) && (await findEntry(index, folder, signal)) !== undefined;
  return isFolder ? notDownloadable(path, "directory") : notFound(`files/${path}`);
}

const notDownloadable = (path: string, type: string): LongshoreError =>
  new LongshoreError("NotDownloadable", `${displayName(path)} is no file but a ${type.replace("-", " ")}`);

interface Content {
  readonly segments: readonly Segment[];
  readonly size: number;
  /** What determines the bytes. */
  readonly facts: readonly (string | number)[];
  readonly sha256: string | undefined;
  /** Of a file that is kept as it is. */
  readonly stored?: StoredBlob | undefined;
}

function keptFile(served: ServedExport, { entry }: WholeEntry): Content {
  const { opened, shared } = served;
  const { sha256: digest, size = entry.size, crc32 } = entry.placement;
  const name = fileObject(entry.path);
  const { destination, manifestSha256 } = opened;
  const segment = objectSegment({ destination, name, size, sha256: digest, proven: shared.proven });
  const facts = digest === undefined ? [manifestSha256, entry.path, crc32] : [digest];
  return { segments: [segment], size, facts, sha256: digest, stored: directObject(served, { name, size }) };
}

function packedFile(served: ServedExport, { entry, pieces }: WholeEntry): Content {
  const { size } = entry;
  const digest = entry.piece === undefined ? entry.placement.sha256 : undefined;
  if (size === 0) return { segments: [], size, facts: ["empty"], sha256: sha256("") };
  checkPieces(served, entry.path, pieces);
  const facts = pieces.flatMap((piece) => {
    const { offset, crc32, storedSize = 0 } = piece.entry.placement;
    return [partOf(served, piece.part).sha256, offset, pieceLength(piece), crc32, storedSize];
  });
  const segments = pieces.map((piece, number) =>
    checkedSegment(segmentOf(served, pieces, number), {
      crc32: piece.entry.placement.crc32,
      damaged: (what) =>
        damaged(served.opened.destination, `${displayName(entry.path)} in part ${piece.part} ${what}`),
    }),
  );
  return { segments, size, facts, sha256: digest };
}

/** The pieces must be all of the file, in order. */
function checkPieces(served: ServedExport, path: string, pieces: readonly IndexedEntry[]): void {
  let position = 0;
  for (const piece of pieces) {
    if ((piece.entry.piece?.start ?? 0) !== position) break;
    position += pieceLength(piece);
  }
  if (position === pieces[0]?.entry.size) return;
  throw damaged(served.opened.destination, `the index does not have all pieces of ${displayName(path)}`);
}

function segmentOf(served: ServedExport, pieces: readonly IndexedEntry[], number: number): Segment {
  const piece = pieces[number];
  if (piece === undefined) throw new RangeError(`there is no piece ${number}`);
  const { format, frames, opened } = served;
  const length = pieceLength(piece);
  const part = partOf(served, piece.part);
  const { offset } = piece.entry.placement;
  if (format.layout === "archive" && format.offsets === "stored")
    return deflated(served, { format, pieces: pieces.slice(number), length });
  // What is not compressed lies in the part as it is.
  if (opened.manifest.format === "tar" || frames === undefined)
    return objectRunSegment({
      destination: opened.destination,
      name: byteStringOfText(part.object),
      size: part.size,
      offset,
      length,
    });
  return frameSegment({ frames, part: piece.part, offset, length });
}

interface DeflatedPieces {
  readonly format: ReadingStoredFormat;
  readonly pieces: readonly IndexedEntry[];
  readonly length: number;
}

function deflated(served: ServedExport, { format, pieces, length }: DeflatedPieces): Segment {
  const stored = pieces.map(({ part, entry }): StoredPiece => {
    const { object, size } = partOf(served, part);
    const { offset, storedSize = 0 } = entry.placement;
    return { object: byteStringOfText(object), objectSize: size, offset, storedSize };
  });
  return deflatedSegment({ destination: served.opened.destination, format, pieces: stored, length });
}

function partOf({ opened }: ServedExport, number: number): ManifestPart {
  const part = opened.parts.get(number);
  if (part !== undefined) return part;
  throw damaged(opened.destination, `the index names a part ${number} that is not there`);
}
