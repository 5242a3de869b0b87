/** Whether an export of which nothing runs may begin an attempt, and where; or what it lacks. Pure. */
import { LongshoreError } from "../domain/errors.ts";
import { hasEnded, succeededOf } from "../domain/resources/export-end.ts";
import { exportLocation, locationOf } from "../domain/resources/place-location.ts";
import type { Export } from "../domain/resources/resource.ts";
import { specFault } from "../domain/resources/spec-fault.ts";
import type { ExportFacts } from "./export-facts.ts";

export type Readiness =
  | Ready
  | { readonly kind: "waits"; readonly reason: "DestinationMissing" | "Pending"; readonly message: string }
  /** Milliseconds since 1970. */
  | { readonly kind: "too early"; readonly notBefore: number }
  | { readonly kind: "can't begin"; readonly error: LongshoreError };

export interface Ready extends ExportPlace {
  readonly kind: "ready";
  /** Where the export lies whose parts may be taken over. */
  readonly previous: string | undefined;
}

interface ExportPlace {
  /** Where the export will lie, as it was asked for; where it lies, if an attempt was begun before. */
  readonly location: string;
  readonly isBegun: boolean;
}

export function readiness(facts: ExportFacts): Readiness {
  const { spec } = facts.resource;
  const fault = faultOf(facts);
  if (fault !== undefined) return { kind: "can't begin", error: fault };
  const place = placeOf(facts);
  if (place === undefined) {
    const message = `ExportDestination ${spec.destination.name} does not exist in this namespace`;
    return { kind: "waits", reason: "DestinationMissing", message };
  }
  const previous = previousOf(facts);
  if (previous.kind === "unfinished") {
    const message = `waits until Export ${spec.previous?.name} has ended`;
    return { kind: "waits", reason: "Pending", message };
  }
  if (previous.kind === "missing") {
    const message = `there is no finished Export ${spec.previous?.name} in this namespace`;
    return { kind: "can't begin", error: new LongshoreError("PreviousNotFound", message) };
  }
  const notBefore = nextAttempt(facts.resource);
  if (notBefore > facts.now) return { kind: "too early", notBefore };
  return { kind: "ready", ...place, previous: previous.kind === "finished" ? previous.location : undefined };
}

/** In milliseconds since 1970. A spec that was changed since the last attempt is tried at once: it may be mended. */
function nextAttempt({ metadata, status }: Export): number {
  const { nextAttemptTime, observedGeneration } = status ?? {};
  if (nextAttemptTime === undefined || observedGeneration !== metadata.generation) return 0;
  return Date.parse(nextAttemptTime);
}

/** What an API server could not tell; an export that was begun was found to be right before. */
function faultOf({ resource, destination }: ExportFacts): LongshoreError | undefined {
  if (resource.status?.location !== undefined) return undefined;
  return specFault("Export", resource) ?? (destination && specFault("ExportDestination", destination));
}

/** Once begun, an export stays where it lies, whatever becomes of the destination's resource. */
function placeOf({ resource, destination }: ExportFacts): ExportPlace | undefined {
  const { metadata, spec, status } = resource;
  if (status?.location !== undefined) return { location: status.location, isBegun: true };
  const place =
    locationOf(spec.destination, metadata) ?? (destination && locationOf(destination.spec, metadata));
  if (place === undefined) return undefined;
  return { location: exportLocation(place, metadata), isBegun: false };
}

type Previous =
  | { readonly kind: "none" | "unfinished" | "missing" }
  | { readonly kind: "finished"; readonly location: string };

/** It only spares work: once begun, an export goes on without it where it has gone. */
function previousOf({ resource, previous }: ExportFacts): Previous {
  if (resource.spec.previous === undefined) return { kind: "none" };
  const found = foundPrevious(previous);
  const isBegun = resource.status?.location !== undefined;
  return isBegun && found.kind !== "finished" ? { kind: "none" } : found;
}

function foundPrevious(previous: Export | undefined): Previous {
  if (previous === undefined || previous.metadata.deletionTimestamp !== undefined) return { kind: "missing" };
  if (!hasEnded(previous)) return { kind: "unfinished" };
  const location = previous.status?.location;
  const hasSucceeded = succeededOf(previous)?.status === "True";
  return hasSucceeded && location !== undefined ? { kind: "finished", location } : { kind: "missing" };
}
