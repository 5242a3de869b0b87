/** Makes the runner's job of an Export: its options in the engine's words, its places as far as they are allowed. */
import { LongshoreError } from "../domain/errors.ts";
import type { ExportOptions, FormatName } from "../domain/export-options.ts";
import type { ExportJob } from "../domain/ports/job-runner.ts";
import type { Places } from "../domain/ports/places.ts";
import type { ExportSpec } from "../domain/resources/export.ts";
import { quantityBytes } from "../domain/resources/quantity-field.ts";
import type { Export } from "../domain/resources/resource.ts";
import type { StartJob } from "./decide-export.ts";

const formatNames: Record<ExportSpec["format"], FormatName> = {
  Tar: "tar",
  TarGzip: "tar.gz",
  TarZstd: "tar.zst",
  Zip: "zip",
  Files: "files",
};

/** Throws PlaceNotAllowed, SourceNotFound, InvalidDocument. */
export async function exportJob(resource: Export, step: StartJob, places: Places): Promise<ExportJob> {
  const { metadata, spec } = resource;
  if (spec.source.directory === undefined)
    throw new LongshoreError("InvalidDocument", "spec.source names nothing that can be read here");
  if (spec.consistency === "Snapshot" || spec.consistency === "Clone") {
    const message = `spec.consistency is ${spec.consistency}, which a folder can't give`;
    throw new LongshoreError("InvalidDocument", message, { hint: "use Auto or Live" });
  }
  const location = step.isBegun
    ? await settledPlace(step.location, places)
    : await places.destination(step.location);
  return {
    exportUid: metadata.uid,
    attempt: step.attempt,
    namespace: metadata.namespace,
    name: metadata.name,
    source: await places.source(spec.source.directory.path),
    location,
    previous: step.previous === undefined ? undefined : await settledPlace(step.previous, places),
    options: optionsOf(spec),
    workers: spec.workers.mode === "Sequential" ? undefined : spec.workers.count,
  };
}

/** A place that an export was found allowed for before. Throws PlaceNotAllowed where its path leads elsewhere now. */
export async function settledPlace(location: string, places: Places): Promise<string> {
  const found = await places.destination(location);
  if (found === location) return location;
  throw new LongshoreError("PlaceNotAllowed", `${location} leads elsewhere since it was begun`, {
    hint: "remove the symbolic link that was put in its path",
  });
}

function optionsOf(spec: ExportSpec): ExportOptions {
  return {
    format: formatNames[spec.format],
    level: spec.compressionLevel,
    partSize: quantityBytes(spec.partSize),
    include: spec.include,
    exclude: spec.exclude,
    differences: spec.differences === "Fail" ? "fail" : "record",
    entryDigests: spec.entryDigests,
    crossFileSystems: spec.crossFileSystems,
  };
}
