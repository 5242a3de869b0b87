/** What a person is told of an Export of a server or a cluster that succeeded, and what to do with it next. */
import type { Export } from "../../../domain/resources/resource.ts";
import { parseVolumeLocation } from "../../../domain/volume-location.ts";
import { summaryText } from "../../export-summary.ts";
import type { Remote } from "../remote.ts";
import { statusOf } from "./export-state.ts";
import { shown } from "./shown.ts";

const noParts = { total: 0, reused: 0 };
const noBytes = { source: 0, redone: 0 };

export function endText(resource: Export, remote: Pick<Remote, "namespace" | "cluster">): string {
  const { metadata, status = {} } = resource;
  const { files = 0, parts = noParts, bytes = noBytes, differences = 0, archive } = status;
  const summary = summaryText({
    name: shown(metadata.name),
    state: shown(statusOf(resource)),
    files,
    parts,
    bytes,
    differences,
    location: status.location === undefined ? undefined : shown(status.location),
    archive: archive && { ...archive, file: shown(archive.file) },
    manifestDigest: status.manifestDigest,
    differencesAt: "its differences.jsonl",
  });
  const next = nextStep(resource, remote);
  return next === undefined ? summary : `${summary}  next      ${next}\n`;
}

/** A cluster serves no downloads: who is to read it has to reach the place itself. */
function nextStep(
  { metadata: { name, namespace }, status: { location } = {} }: Export,
  remote: Pick<Remote, "namespace" | "cluster">,
): string | undefined {
  if (remote.cluster === undefined) {
    const elsewhere = namespace === remote.namespace ? "" : ` -n ${shown(namespace)}`;
    return `\`longshore create grant ${shown(name)}${elsewhere}\` makes a link to it`;
  }
  if (location === undefined) return undefined;
  const volume = parseVolumeLocation(location);
  return volume === undefined
    ? `\`longshore verify ${quoted(location)}\` reads every byte of it`
    : `\`cd ${quoted(`/mnt/${volume.path}`)} && sha256sum --quiet -c SHA256SUMS\` where a pod mounts the claim ${volume.claim} at /mnt`;
}

/** As one word of a shell. */
const quoted = (text: string): string =>
  /^[\w/.:@%+-]+$/.test(text) ? text : `'${shown(text).replaceAll("'", `'\\''`)}'`;
