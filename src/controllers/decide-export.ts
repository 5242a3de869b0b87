/**
 * What to do next about an export. Pure: the state follows from the facts alone, so whoever looks at the same facts, after
 * a crash or in another process, decides the same. Each step changes a fact, and one that is done again changes nothing.
 */
import { isDeepStrictEqual } from "node:util";
import { LongshoreError } from "../domain/errors.ts";
import type { JobObservation } from "../domain/ports/job-runner.ts";
import { conditionOf } from "../domain/resources/condition.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import { exportLocation, locationOf } from "../domain/resources/place-location.ts";
import type { Export, ExportDestination } from "../domain/resources/resource.ts";
import {
  attemptFailed,
  canceled,
  completed,
  endedAgain,
  failureOf,
  failureOfJob,
  underWay,
  unfinished,
} from "./reconcile-result.ts";

/** Stands while there may be prepared data: set before the first byte is written, gone with the last. */
export const dataFinalizer = "longshore.dev/data";

export interface ExportFacts {
  readonly resource: Export;
  /** The ExportDestination that it names, if there is one. */
  readonly destination: ExportDestination | undefined;
  /** The Export that it names as `previous`, if there is one. */
  readonly previous: Export | undefined;
  /** What the runner knows of its attempt. */
  readonly job: JobObservation | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When this process last wrote the status. */
  readonly statusWrittenAt?: number | undefined;
  /** When data that could not be removed may be tried again. */
  readonly removalNotBefore?: number | undefined;
}

export type ExportStep =
  | { readonly kind: "add finalizer" }
  | { readonly kind: "set status"; readonly status: ExportStatus }
  | StartJob
  | { readonly kind: "stop job" }
  /** The runner may forget an attempt that ended: what became of it stands in the status. */
  | { readonly kind: "forget job" }
  | { readonly kind: "wait until"; readonly time: number }
  | RemoveData
  | { readonly kind: "remove finalizer" }
  | { readonly kind: "delete expired" }
  | { readonly kind: "nothing" };

export interface StartJob {
  readonly kind: "start job";
  readonly attempt: number;
  /** Where the export will lie, as it was asked for; where it lies, if an attempt was begun before. */
  readonly location: string;
  readonly isBegun: boolean;
  /** Where the export lies whose parts may be taken over. */
  readonly previous: string | undefined;
}

/** The data, and then the finalizer, which says that there may be some. */
export interface RemoveData {
  readonly kind: "remove data";
  /** None where nothing was ever begun. */
  readonly location: string | undefined;
  readonly reason: "Canceling" | "Deleting";
}

type State =
  | "deleting"
  | "ended"
  | "succeeded"
  | "canceling"
  | "failed"
  | "suspended"
  | "under way"
  | "waiting";

export function decideExport(facts: ExportFacts): ExportStep {
  switch (stateOf(facts)) {
    case "deleting":
      return decideDeleting(facts);
    case "ended":
      return decideEnded(facts);
    case "succeeded":
      return decideSucceeded(facts);
    case "canceling":
      return decideCanceling(facts);
    case "failed":
      return decideFailed(facts);
    case "suspended":
      return decideSuspended(facts);
    case "under way":
      return decideUnderWay(facts);
    case "waiting":
      return decideWaiting(facts);
  }
}

/** The first that fits: what is done can't be cancelled, cancelling wins over a failure and that over suspending. */
function stateOf({ resource, job }: ExportFacts): State {
  if (resource.metadata.deletionTimestamp !== undefined) return "deleting";
  if (hasEnded(resource)) return "ended";
  if (job?.phase === "succeeded" && job.result !== undefined) return "succeeded";
  if (resource.spec.cancel) return "canceling";
  if (job?.phase === "failed") return "failed";
  if (resource.spec.suspend) return "suspended";
  return job === undefined ? "waiting" : "under way";
}

/** Whether it has come to its end, well or not. */
export function hasEnded({ status }: Export): boolean {
  const condition = conditionOf(status?.conditions, "Succeeded");
  return condition !== undefined && condition.status !== "Unknown";
}

function decideDeleting(facts: ExportFacts): ExportStep {
  const { resource, now } = facts;
  if (reasonOf(resource) !== "Deleting")
    return { kind: "set status", status: unfinished(resource, "Deleting", "it is being removed", now) };
  const ending = endJob(facts);
  if (ending !== undefined) return ending;
  if (!hasFinalizer(resource)) return nothing;
  if (resource.spec.deletionPolicy === "Retain") return { kind: "remove finalizer" };
  return removeData(facts, "Deleting");
}

function decideEnded(facts: ExportFacts): ExportStep {
  const { resource, now } = facts;
  const ending = endJob(facts);
  if (ending !== undefined) return ending;
  const { expirationTime } = endedAgain(resource);
  const expires = expirationTime === undefined ? undefined : Date.parse(expirationTime);
  if (expires !== undefined && expires <= now) return { kind: "delete expired" };
  return statusOr(resource, endedAgain(resource), waitUntil(expires));
}

function decideSucceeded({ resource, job, now }: ExportFacts): ExportStep {
  if (job?.result === undefined) return nothing;
  return { kind: "set status", status: completed(resource, job.result, now) };
}

function decideCanceling(facts: ExportFacts): ExportStep {
  const { resource, now } = facts;
  const hasWork = facts.job !== undefined || hasFinalizer(resource);
  if (hasWork && reasonOf(resource) !== "Canceling")
    return { kind: "set status", status: unfinished(resource, "Canceling", "it is being cancelled", now) };
  const ending = endJob(facts);
  if (ending !== undefined) return ending;
  if (hasFinalizer(resource)) return removeData(facts, "Canceling");
  return { kind: "set status", status: canceled(resource, now) };
}

/** The failure is counted before the runner may forget it, and the number of the attempt says whether it was. */
function decideFailed({ resource, job, now }: ExportFacts): ExportStep {
  if (job === undefined) return nothing;
  if ((resource.status?.failures ?? 0) > job.attempt) return { kind: "forget job" };
  return {
    kind: "set status",
    status: attemptFailed(resource, failureOfJob(job.error), job.attempt, now),
  };
}

function decideSuspended({ resource, job, now }: ExportFacts): ExportStep {
  if (job !== undefined) return { kind: "stop job" };
  const status = unfinished(resource, "Suspended", "it is suspended; what is done is kept", now);
  return statusOr(resource, status, nothing);
}

/** At most once a second between two writes of the status. */
const progressInterval = 1000;

function decideUnderWay({ resource, job, now, statusWrittenAt }: ExportFacts): ExportStep {
  if (job === undefined) return nothing;
  const status = underWay(resource, job, now);
  const isProgressAlone =
    isDeepStrictEqual(status.conditions, resource.status?.conditions) &&
    status.observedGeneration === resource.status?.observedGeneration;
  const due = (statusWrittenAt ?? 0) + progressInterval;
  const isClockSane = statusWrittenAt === undefined || statusWrittenAt <= now;
  const mustWait = isProgressAlone && isClockSane && now < due;
  return statusOr(resource, status, nothing, mustWait ? { kind: "wait until", time: due } : undefined);
}

/** Nothing runs: either something is missing, or it is too early, or an attempt may begin. */
function decideWaiting(facts: ExportFacts): ExportStep {
  const { resource, now } = facts;
  const place = placeOf(facts);
  if (place === undefined) {
    const message = `ExportDestination ${resource.spec.destination.name} does not exist in this namespace`;
    return statusOr(resource, unfinished(resource, "DestinationMissing", message, now), nothing);
  }
  const previous = previousOf(facts);
  switch (previous.kind) {
    case "unfinished": {
      const message = `waits until Export ${resource.spec.previous?.name} has ended`;
      return statusOr(resource, unfinished(resource, "Pending", message, now), nothing);
    }
    case "missing": {
      const message = `there is no finished Export ${resource.spec.previous?.name} in this namespace`;
      const failure = failureOf(new LongshoreError("PreviousNotFound", message));
      return { kind: "set status", status: attemptFailed(resource, failure, 0, now) };
    }
    case "none":
    case "finished":
      return decideStart(facts, place, previous.kind === "finished" ? previous.location : undefined);
  }
}

/** Attempts are numbered by the failures before them, so that one which a crash cut off is begun again without being counted. */
function decideStart({ resource, now }: ExportFacts, place: Place, previous: string | undefined): ExportStep {
  const { failures = 0, nextAttemptTime } = resource.status ?? {};
  const notBefore = nextAttemptTime === undefined ? 0 : Date.parse(nextAttemptTime);
  if (notBefore > now) return { kind: "wait until", time: notBefore };
  if (!hasFinalizer(resource)) return { kind: "add finalizer" };
  return { kind: "start job", attempt: failures, ...place, previous };
}

interface Place {
  readonly location: string;
  readonly isBegun: boolean;
}

/** Once begun, an export stays where it lies, whatever becomes of the destination's resource. */
function placeOf({ resource, destination }: ExportFacts): Place | undefined {
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
  const { conditions, location } = previous.status ?? {};
  const hasSucceeded = conditionOf(conditions, "Succeeded")?.status === "True";
  return hasSucceeded && location !== undefined ? { kind: "finished", location } : { kind: "missing" };
}

/** What has to happen before nothing of an attempt is left, or undefined where nothing is. */
function endJob({ job }: ExportFacts): ExportStep | undefined {
  if (job === undefined) return undefined;
  const isActive = job.phase === "queued" || job.phase === "running";
  return isActive ? { kind: "stop job" } : { kind: "forget job" };
}

function removeData(
  { resource, now, removalNotBefore = 0 }: ExportFacts,
  reason: RemoveData["reason"],
): ExportStep {
  if (removalNotBefore > now) return { kind: "wait until", time: removalNotBefore };
  return { kind: "remove data", location: resource.status?.location, reason };
}

const nothing: ExportStep = { kind: "nothing" };

const waitUntil = (time: number | undefined): ExportStep =>
  time === undefined ? nothing : { kind: "wait until", time };

/** Writes the status where it is not that already, or does `instead` of writing. */
function statusOr(
  resource: Export,
  status: ExportStatus,
  next: ExportStep,
  instead?: ExportStep,
): ExportStep {
  if (isDeepStrictEqual(status, resource.status)) return next;
  return instead ?? { kind: "set status", status };
}

function hasFinalizer({ metadata }: Export): boolean {
  return metadata.finalizers?.includes(dataFinalizer) === true;
}

function reasonOf({ status }: Export): string | undefined {
  return conditionOf(status?.conditions, "Succeeded")?.reason;
}
