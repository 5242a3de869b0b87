/** What `export` prints at its end. */
import { joinLocation } from "../domain/location.ts";
import type { Manifest } from "../domain/manifest.ts";
import { archiveEtag } from "../engine/blob/archive-etag.ts";
import type { ExportResult } from "../engine/exporting/export-call.ts";
import { summaryText } from "./export-summary.ts";

/** As `export --json` prints it. */
export interface ExportDocument {
  readonly name: string;
  readonly state: "Succeeded";
  readonly files: number;
  readonly differences: number;
  readonly parts: { readonly total: number; readonly succeeded: number; readonly reused: number };
  readonly bytes: { readonly source: number; readonly written: number; readonly redone: number };
  /** The joined archive, its entity tag without the quotes; null where files are kept as they are. */
  readonly archive: { readonly file: string; readonly size: number; readonly etag: string } | null;
  readonly location: string;
  readonly manifestDigest: string;
  readonly seconds: number;
}

export function exportDocument(result: ExportResult, location: string, seconds: number): ExportDocument {
  const { manifest, manifestDigest } = result;
  const { totals, parts, run, differences } = manifest;
  const reused = new Set(run.reused);
  const written = parts.reduce((sum, part) => sum + (reused.has(part.number) ? 0 : part.size), 0);
  return {
    name: run.name,
    state: "Succeeded",
    files: totals.files,
    differences:
      differences.changed + differences.vanished + differences.unreadable + differences.unsupported,
    parts: { total: parts.length, succeeded: parts.length, reused: reused.size },
    bytes: { source: totals.content, written, redone: run.redone },
    archive: manifest.format === "files" ? null : archiveOf(manifest),
    location,
    manifestDigest,
    seconds: Math.round(seconds * 1000) / 1000,
  };
}

/** For a person; `unchanged` where it was finished before. */
export const documentText = (document: ExportDocument, unchanged: boolean): string =>
  summaryText({
    ...document,
    state: unchanged ? "is finished" : document.state,
    differencesAt: joinLocation(document.location, "differences.jsonl"),
  });

function archiveOf(manifest: Manifest): NonNullable<ExportDocument["archive"]> {
  const { format, totals, run } = manifest;
  return { file: `${run.name}.${format}`, size: totals.archive, etag: archiveEtag(manifest).slice(1, -1) };
}
