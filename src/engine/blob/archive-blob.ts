/** The joined archive, and one part of it. */
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { ManifestPart } from "../../domain/manifest.ts";
import { number8 } from "../../domain/part.ts";
import { archiveName } from "../join.ts";
import { isPiece } from "../reading/archive-parts.ts";
import { archiveEtag } from "./archive-etag.ts";
import type { Blob, Segment, StoredBlob } from "./blob.ts";
import { notFound } from "./download-name.ts";
import { entityTag } from "./entity-tag.ts";
import { archiveTypes, unknownType } from "./media-types.ts";
import { objectSegment } from "./object-segment.ts";
import { openSegments, startsOf } from "./segment-reader.ts";
import type { ServedExport } from "./served-export.ts";
import { directObject } from "./direct-object.ts";

/** `file` must be the archive's name. Throws ResourceNotFound. */
export function archiveBlob(served: ServedExport, file: string): Blob {
  const { opened, format } = served;
  const { manifest } = opened;
  if (format.layout === "files" || manifest.format === "files") throw notFound(file);
  if (file !== byteStringOfText(archiveName(opened, format.extension))) throw notFound(file);
  const { parts } = manifest;
  const segments = parts.map((part) => partSegment(served, part));
  const starts = startsOf(segments);
  const size = starts.at(-1) ?? 0;
  return {
    size,
    etag: archiveEtag(manifest),
    contentType: archiveTypes[manifest.format],
    fileName: file,
    sha256: parts.length === 1 ? parts[0]?.sha256 : undefined,
    lastModified: new Date(manifest.run.finishedAt),
    stored: storedArchive(served, size),
    open: () => openSegments(segments, starts),
  };
}

/** The archive as the store has it, where it is one object there: as such, or because it has only one part. */
function storedArchive(served: ServedExport, size: number): StoredBlob | undefined {
  const { parts, run } = served.opened.manifest;
  if (run.archive !== undefined) {
    const { object, etag } = run.archive;
    return directObject(served, { name: byteStringOfText(object), size, etag });
  }
  const [only, ...others] = parts;
  return only === undefined || others.length > 0 ? undefined : storedPart(served, only);
}

function storedPart(served: ServedExport, part: ManifestPart): StoredBlob | undefined {
  if (isPiece(part)) return undefined;
  return directObject(served, { name: byteStringOfText(part.object), size: part.size });
}

/** By its number, or the name of its object. Throws ResourceNotFound. */
export function partBlob(served: ServedExport, wanted: number | string): Blob {
  const { manifest, parts } = served.opened;
  const part =
    typeof wanted === "number"
      ? parts.get(wanted)
      : manifest.parts.find(({ object }) => byteStringOfText(object) === wanted);
  if (manifest.format === "files" || part === undefined)
    throw notFound(typeof wanted === "number" ? `part ${wanted}` : wanted);
  const segment = partSegment(served, part);
  return {
    size: part.size,
    etag: entityTag("part", part.sha256),
    contentType: unknownType,
    fileName: partFileName(served, part),
    sha256: part.sha256,
    lastModified: new Date(manifest.run.finishedAt),
    stored: storedPart(served, part),
    open: () => segment.open(),
  };
}

/** That of its object; of a piece of an object it is made up. */
function partFileName({ format }: ServedExport, part: ManifestPart): string {
  if (isPiece(part) && format.layout === "archive") return `${number8(part.number)}.${format.extension}`;
  const object = byteStringOfText(part.object);
  return object.slice(object.lastIndexOf("/") + 1);
}

function partSegment({ opened, shared }: ServedExport, { object, size, sha256 }: ManifestPart): Segment {
  const name = byteStringOfText(object);
  return objectSegment({ destination: opened.destination, name, size, sha256, proven: shared.proven });
}
