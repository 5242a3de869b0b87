/** What `export` prints at its end. */
import { joinLocation } from "../domain/location.ts";
import type { ExportResult } from "../engine/exporting/export-call.ts";
import { countsOf } from "../engine/exporting/export-counts.ts";
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
  const { files, differences, parts, bytes, archive } = countsOf(manifest);
  return {
    name: manifest.run.name,
    state: "Succeeded",
    files,
    differences,
    parts: { total: parts.total, succeeded: parts.total, reused: parts.reused },
    bytes,
    archive: archive ?? null,
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
