/** What a person is told of an export that succeeded, wherever it ran. */
import { formatBytes } from "../domain/quantity.ts";

export interface ExportSummary {
  readonly name: string;
  /** "Succeeded" */
  readonly state: string;
  readonly files: number;
  readonly parts: { readonly total: number; readonly reused: number };
  readonly bytes: { readonly source: number; readonly redone: number };
  readonly differences: number;
  readonly seconds?: number;
  readonly location?: string | undefined;
  readonly archive?: { readonly file: string; readonly size: number } | null | undefined;
  /** Hexadecimal SHA-256. */
  readonly manifestDigest?: string | undefined;
  /** Where the differences are listed. */
  readonly differencesAt: string;
}

export function summaryText(summary: ExportSummary): string {
  const { location, archive, manifestDigest } = summary;
  const lines = [
    countsLine(summary),
    ...(location === undefined ? [] : [`  in        ${location}`]),
    ...(archive === null || archive === undefined
      ? []
      : [`  archive   ${archive.file}, ${formatBytes(archive.size)}`]),
    ...(manifestDigest === undefined ? [] : [`  manifest  sha256:${manifestDigest}`]),
    ...differenceLines(summary),
  ];
  return `${lines.join("\n")}\n`;
}

function countsLine({ name, state, files, parts, bytes, seconds }: ExportSummary): string {
  const counts = [
    `${files.toLocaleString("en")} files`,
    `${formatBytes(bytes.source)} in ${parts.total} parts`,
    ...(parts.reused > 0 ? [`${parts.reused} reused`] : []),
    ...(bytes.redone > 0 ? [`${formatBytes(bytes.redone)} done again`] : []),
    ...(seconds === undefined ? [] : [`${seconds} s`]),
  ];
  return `${name} ${state}: ${counts.join(", ")}`;
}

function differenceLines({ differences, differencesAt }: ExportSummary): string[] {
  if (differences === 0) return [];
  const entries = differences === 1 ? "entry was" : "entries were";
  return [`  ${differences} ${entries} not as planned, see ${differencesAt}`];
}
