/** Makes the runner's job of an Export: its options in the engine's words, its places as far as they are allowed. */
import { LongshoreError } from "../domain/errors.ts";
import type { ExportOptions } from "../domain/export-options.ts";
import type { ExportJob } from "../domain/ports/job-runner.ts";
import { type Place, type Places, waysTo } from "../domain/ports/places.ts";
import { formatOfSpec } from "../domain/resources/export-format.ts";
import type { ExportSpec } from "../domain/resources/export.ts";
import { locationOf } from "../domain/resources/place-location.ts";
import { quantityBytes } from "../domain/resources/quantity-field.ts";
import type { Export } from "../domain/resources/resource.ts";
import type { StartStep } from "./decide-export.ts";

/** Throws PlaceNotAllowed, SourceNotFound, InvalidDocument, InvalidArgument. */
export async function exportJob(resource: Export, step: StartStep, places: Places): Promise<ExportJob> {
  const { metadata, spec } = resource;
  const asked = locationOf(spec.source, metadata);
  if (asked === undefined)
    throw new LongshoreError("InvalidDocument", "spec.source names nothing that can be read here");
  if (spec.consistency === "Snapshot" || spec.consistency === "Clone") {
    const message = `spec.consistency is ${spec.consistency}, which this version can't give`;
    throw new LongshoreError("InvalidDocument", message, { hint: "use Auto or Live" });
  }
  const place =
    step.kind === "start job"
      ? await settledPlace(step.location, places)
      : await places.destination(step.location);
  const source = await places.source(asked);
  const previous = step.previous === undefined ? undefined : await settledPlace(step.previous, places);
  return {
    exportUid: metadata.uid,
    attempt: step.attempt,
    namespace: metadata.namespace,
    name: metadata.name,
    source: source.location,
    location: place.location,
    previous: previous?.location,
    options: optionsOf(spec),
    workers: spec.workers.mode === "Sequential" ? undefined : spec.workers.count,
    ways: waysTo([source, place, ...(previous === undefined ? [] : [previous])]),
  };
}

/**
 * A place that an export was found allowed for before, as it is reached now. Throws PlaceNotAllowed where its path leads
 * elsewhere now, or it is not allowed any more.
 */
export async function settledPlace(location: string, places: Places): Promise<Place> {
  const found = await places.destination(location);
  if (found.location === location) return found;
  throw new LongshoreError("PlaceNotAllowed", `${location} leads elsewhere since it was begun`, {
    hint: "remove the symbolic link that was put in its path",
  });
}

function optionsOf(spec: ExportSpec): ExportOptions {
  return {
    format: formatOfSpec(spec.format),
    level: spec.compressionLevel,
    partSize: quantityBytes(spec.partSize),
    include: spec.include,
    exclude: spec.exclude,
    differences: spec.differences === "Fail" ? "fail" : "record",
    entryDigests: spec.entryDigests,
    crossFileSystems: spec.crossFileSystems,
  };
}
