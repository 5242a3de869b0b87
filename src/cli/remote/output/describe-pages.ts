/** What `describe` says of each kind. */
import { formatBytes } from "../../../domain/quantity.ts";
import { locationOf } from "../../../domain/resources/place-location.ts";
import type { DownloadGrant, Export, ExportDestination } from "../../../domain/resources/resource.ts";
import { type Line, pageOf, timeText } from "./describe-text.ts";
import { destinationOf, sourceOf, statusOf } from "./export-state.ts";
import { grantEnd, usedOf } from "./looks.ts";

export function describeExport(resource: Export, now: number): string {
  const { metadata, status } = resource;
  const lines = [...requestLines(resource), ...resultLines(resource, now)];
  return pageOf(metadata, lines, status?.conditions, now);
}

function requestLines(resource: Export): Line[] {
  const { spec } = resource;
  const level = spec.format === "Tar" || spec.format === "Files" ? "" : `, level ${spec.compressionLevel}`;
  return [
    ["Source", sourceOf(resource)],
    ["Source credentials", secretOf(spec.source)],
    ["Include", spec.include.join("  ")],
    ["Exclude", spec.exclude.join("  ")],
    ["Destination", destinationOf(resource)],
    ["Destination credentials", secretOf(spec.destination)],
    ["Format", `${spec.format}${level}, parts of ${spec.partSize}`],
    ["Workers", spec.workers.mode === "Indexed" ? spec.workers.count : 1],
    ["Differences", spec.differences === "Fail" ? "fail the export" : "are recorded"],
    ["Previous", spec.previous?.name],
    ["Suspended", spec.suspend ? "yes" : ""],
    ["Cancelled", spec.cancel ? "yes" : ""],
    ["When deleted", spec.deletionPolicy === "Retain" ? "the data stays" : "the data goes too"],
  ];
}

function resultLines(resource: Export, now: number): Line[] {
  const { status = {} } = resource;
  const { bytes, parts, archive, progress } = status;
  return [
    ["Status", statusOf(resource)],
    ["Began", timeText(status.startTime, now)],
    ["Ended", timeText(status.completionTime, now)],
    ["Expires", timeText(status.expirationTime, now)],
    ["Failed attempts", status.failures],
    ["Next attempt", timeText(status.nextAttemptTime, now)],
    [
      "Progress",
      progress &&
        `${formatBytes(progress.bytes)} of ${formatBytes(progress.plannedBytes)}${progress.planned ? "" : "+"}, ${progress.files} files`,
    ],
    [
      "Parts",
      parts && `${parts.succeeded} of ${parts.total}, ${parts.reused} reused, ${parts.failed} failed`,
    ],
    [
      "Bytes",
      bytes &&
        `${formatBytes(bytes.source)} read, ${formatBytes(bytes.written)} written, ${formatBytes(bytes.redone)} done again`,
    ],
    ["Files", status.files],
    ["Not as planned", status.differences],
    ["Location", status.location],
    ["Archive", archive && `${archive.file}, ${formatBytes(archive.size)}`],
    ["Manifest", status.manifestDigest && `sha256:${status.manifestDigest}`],
  ];
}

const secretOf = ({ bucket }: Pick<ExportDestination["spec"], "bucket">): string => {
  const name = bucket?.credentialsSecretRef?.name;
  return name === undefined ? "" : `Secret ${name}`;
};

export function describeDestination({ metadata, spec, status }: ExportDestination, now: number): string {
  const lines: Line[] = [
    ["Directory", spec.directory?.path],
    ["Bucket", spec.bucket?.url],
    ["Credentials", secretOf(spec)],
    ["Volume", spec.volume && locationOf(spec, metadata)],
  ];
  return pageOf(metadata, lines, status?.conditions, now);
}

export function describeGrant(grant: DownloadGrant, now: number): string {
  const { metadata, spec, status } = grant;
  const lines: Line[] = [
    ["Export", spec.exportRef.name],
    ["Description", spec.description],
    ["Ends", spec.revoked ? "revoked" : timeText(grantEnd(grant), now)],
    ["Used", usedOf(grant)],
    ["Last used", timeText(status?.lastUsedTime, now)],
  ];
  return pageOf(metadata, lines, status?.conditions, now);
}
