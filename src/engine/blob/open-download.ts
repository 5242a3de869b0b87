/** Finds what somebody asks for in a finished export. */
import type { Blob } from "./blob.ts";
import { byteStringOfText } from "../../domain/byte-string.ts";
import { archiveName } from "../join.ts";
import { archiveBlob, partBlob } from "./archive-blob.ts";
import { type DownloadName, metalinkExtension, notFound } from "./download-name.ts";
import { entryBlob } from "./entry-blob.ts";
import { metalinkBlob } from "./metalink.ts";
import type { MetalinkLinks } from "./metalink-file.ts";
import { recordBlob } from "./record-blob.ts";
import type { ServedExport } from "./served-export.ts";

export interface DownloadRequest {
  readonly name: DownloadName;
  /** For the URLs in a Metalink document. */
  readonly links: MetalinkLinks;
}

/**
 * Nothing of the content is read before the blob is. Throws ResourceNotFound, NotDownloadable (a folder, a link, a device),
 * Damaged where the index or a receipt is, and the destination's errors.
 */
export async function openDownload(
  served: ServedExport,
  { name, links }: DownloadRequest,
  signal: AbortSignal,
): Promise<Blob> {
  switch (name.kind) {
    case "archive":
      return archiveBlob(served, name.file);
    case "part":
      return partBlob(served, name.part);
    case "record":
      return recordBlob(served, name.record, signal);
    case "entry":
      return entryBlob(served, name.path, signal);
    case "metalink": {
      const fileName = byteStringOfText(archiveName(served.opened, metalinkExtension));
      if (name.file !== undefined && name.file !== fileName) throw notFound(name.file);
      return metalinkBlob(served, { fileName, links }, signal);
    }
  }
}
