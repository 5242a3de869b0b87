/** What a person is told of an export of a server that succeeded. */
import { formatBytes } from "../../../domain/quantity.ts";
import type { Export } from "../../../domain/resources/resource.ts";
import { statusOf } from "./export-state.ts";
import { shown } from "./shown.ts";

const noParts = { total: 0, reused: 0 };
const noBytes = { source: 0, redone: 0 };

export function summaryOf(resource: Export): string {
  const { metadata, status = {} } = resource;
  const { files = 0, parts = noParts, bytes = noBytes } = status;
  const reused = parts.reused > 0 ? `, ${parts.reused} reused` : "";
  const redone = bytes.redone > 0 ? `, ${formatBytes(bytes.redone)} done again` : "";
  const counts = `${files.toLocaleString("en")} files, ${formatBytes(bytes.source)} in ${parts.total} parts`;
  const first = `${shown(metadata.name)} ${shown(statusOf(resource))}: ${counts}${reused}${redone}`;
  return [first, ...placeLines(status), ...differenceLines(status)].map((line) => `${line}\n`).join("");
}

type Status = NonNullable<Export["status"]>;

function placeLines({ location, archive, manifestDigest }: Status): string[] {
  return [
    ...(location === undefined ? [] : [`  in        ${shown(location)}`]),
    ...(archive === undefined ? [] : [`  archive   ${shown(archive.file)}, ${formatBytes(archive.size)}`]),
    ...(manifestDigest === undefined ? [] : [`  manifest  sha256:${manifestDigest}`]),
  ];
}

function differenceLines({ differences = 0 }: Status): string[] {
  if (differences === 0) return [];
  const entries = differences === 1 ? "entry was" : "entries were";
  return [`  ${differences} ${entries} not as planned, see its differences.jsonl`];
}
