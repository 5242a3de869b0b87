/** The numbers of a finished export. */
import type { Manifest } from "../../domain/manifest.ts";
import { archiveEtag } from "../blob/archive-etag.ts";

export interface ExportCounts {
  readonly files: number;
  readonly differences: number;
  readonly parts: { readonly total: number; readonly reused: number };
  /** `written` into the destination by this export's attempts, `redone` by those that came to nothing. */
  readonly bytes: { readonly source: number; readonly written: number; readonly redone: number };
  /** The joined archive, its entity tag without the quotes; absent where files are kept as they are. */
  readonly archive?: { readonly file: string; readonly size: number; readonly etag: string };
}

export function countsOf(manifest: Manifest): ExportCounts {
  const { format, totals, parts, run, differences } = manifest;
  const { changed, vanished, unreadable, unsupported } = differences;
  const reused = new Set(run.reused);
  const written = parts.reduce((sum, part) => sum + (reused.has(part.number) ? 0 : part.size), 0);
  return {
    files: totals.files,
    differences: changed + vanished + unreadable + unsupported,
    parts: { total: parts.length, reused: reused.size },
    bytes: { source: totals.content, written, redone: run.redone },
    ...(format === "files" ? {} : { archive: archiveOf(manifest) }),
  };
}

const archiveOf = (manifest: Manifest): NonNullable<ExportCounts["archive"]> => ({
  file: `${manifest.run.name}.${manifest.format}`,
  size: manifest.totals.archive,
  etag: archiveEtag(manifest).slice(1, -1),
});
