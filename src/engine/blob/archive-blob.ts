/** The joined archive, and one part of it. */
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { ManifestPart } from "../../domain/manifest.ts";
import { archiveName } from "../join.ts";
import type { Blob, Segment } from "./blob.ts";
import { notFound } from "./download-name.ts";
import { entityTag } from "./entity-tag.ts";
import { archiveTypes, unknownType } from "./media-types.ts";
import { objectSegment } from "./object-segment.ts";
import { openSegments, startsOf } from "./segment-reader.ts";
import type { ServedExport } from "./served-export.ts";

/** `file` must be the archive's name. Throws ResourceNotFound. */
export function archiveBlob(served: ServedExport, file: string): Blob {
  const { opened, format } = served;
  const { manifest } = opened;
  if (format.layout === "files" || manifest.format === "files") throw notFound(file);
  if (file !== byteStringOfText(archiveName(opened, format.extension))) throw notFound(file);
  const { parts } = manifest;
  const segments = parts.map((part) => partSegment(served, part));
  const starts = startsOf(segments);
  return {
    size: starts.at(-1) ?? 0,
    etag: entityTag("archive", ...parts.map((part) => part.sha256)),
    contentType: archiveTypes[manifest.format],
    fileName: file,
    sha256: parts.length === 1 ? parts[0]?.sha256 : undefined,
    lastModified: new Date(manifest.run.finishedAt),
    open: () => openSegments(segments, starts),
  };
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
  const object = byteStringOfText(part.object);
  return {
    size: part.size,
    etag: entityTag("part", part.sha256),
    contentType: unknownType,
    fileName: object.slice(object.lastIndexOf("/") + 1),
    sha256: part.sha256,
    lastModified: new Date(manifest.run.finishedAt),
    open: () => segment.open(),
  };
}

function partSegment({ opened, shared }: ServedExport, { object, size, sha256 }: ManifestPart): Segment {
  const name = byteStringOfText(object);
  return objectSegment({ destination: opened.destination, name, size, sha256, proven: shared.proven });
}
