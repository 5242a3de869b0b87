/** What `export` tells a person at its end. */
import { formatBytes } from "../domain/quantity.ts";
import type { ExportResult } from "../engine/exporting/export-call.ts";
import type { ExportDocument } from "./export-document.ts";

export function describeExport(document: ExportDocument, result: ExportResult): string {
  const { parts, bytes, differences } = document;
  const reused = parts.reused > 0 ? `, ${parts.reused} reused` : "";
  const redone = bytes.redone > 0 ? `, ${formatBytes(bytes.redone)} done again` : "";
  const lines = [
    `${document.name} ${result.unchanged ? "is finished" : "Succeeded"}: ${document.files.toLocaleString("en")} files, ${formatBytes(bytes.source)} in ${parts.total} parts${reused}${redone}, ${document.seconds} s`,
    `  in        ${document.location}`,
    ...(document.archive === null
      ? []
      : [`  archive   ${document.archive.file}, ${formatBytes(document.archive.size)}`]),
    `  manifest  sha256:${document.manifestDigest}`,
  ];
  if (differences > 0) {
    lines.push(
      `  ${differences} ${differences === 1 ? "entry was" : "entries were"} not as planned, see ${document.location}/differences.jsonl`,
    );
  }
  return `${lines.join("\n")}\n`;
}
