/**
 * What to do next about an export. Pure: the state follows from the facts alone, so whoever looks at the same facts, after
 * a crash or in another process, decides the same. Each step changes a fact, and one that is done again changes nothing.
 */
import { isDeepStrictEqual } from "node:util";
import type { JobObservation, JobResult } from "../domain/ports/job-runner.ts";
import { hasEnded, succeededOf } from "../domain/resources/export-end.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import type { Export } from "../domain/resources/resource.ts";
import type { ExportFacts } from "./export-facts.ts";
import { readiness, type Ready } from "./readiness.ts";
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

/** Stands where prepared data will have to be removed: set before the first byte is written, gone with the last. */
export const dataFinalizer = "longshore.dev/data";

/** With why it has no place yet among those that run; none where it has one, or needs none. */
export interface DecidedFacts extends ExportFacts {
  readonly queued?: string | undefined;
}

export type ExportStep =
  | { readonly kind: "add finalizer" }
  | { readonly kind: "set status" | "set progress"; readonly status: ExportStatus }
  | StartStep
  | { readonly kind: "stop job" }
  | { readonly kind: "suspend job" }
  /** The runner may forget an attempt that ended: what became of it stands in the status. */
  | { readonly kind: "forget job" }
  | { readonly kind: "wait until"; readonly time: number }
  | RemoveData
  | { readonly kind: "remove finalizer" }
  | { readonly kind: "delete expired" }
  | { readonly kind: "nothing" };

export interface StartStep {
  /** A place is tried out and settled before anything begins: from then on there may be data in it. */
  readonly kind: "settle place" | "start job";
  readonly attempt: number;
  /** Where the export will lie, as it was asked for; where it lies, once that is settled. */
  readonly location: string;
  /** Where the export lies whose parts may be taken over. */
  readonly previous: string | undefined;
}

/** The data, and then what says that there may be some. */
export interface RemoveData {
  readonly kind: "remove data";
  /** None where nothing was ever begun. */
  readonly location: string | undefined;
  readonly reason: "Canceling" | "Deleting";
}

type State =
  | { readonly kind: "deleting" | "ended" | "canceling" | "suspended" | "waiting" }
  | { readonly kind: "succeeded"; readonly result: JobResult }
  | { readonly kind: "failed" | "under way"; readonly job: JobObservation };

export function decideExport(facts: DecidedFacts): ExportStep {
  const state = stateOf(facts);
  return finalizerStep(facts.resource, state) ?? decideState(facts, state);
}

function decideState(facts: DecidedFacts, state: State): ExportStep {
  const { resource, now } = facts;
  switch (state.kind) {
    case "deleting":
      return decideDeleting(facts);
    case "ended":
      return decideEnded(facts);
    case "succeeded":
      return { kind: "set status", status: completed(resource, state.result, now) };
    case "canceling":
      return decideCanceling(facts);
    case "failed":
      return decideFailed(facts, state.job);
    case "suspended":
      return decideSuspended(facts);
    case "under way":
      return decideUnderWay(facts, state.job);
    case "waiting":
      return decideWaiting(facts);
  }
}

/** The first that fits: what is done can't be cancelled, cancelling wins over a failure and that over suspending. */
function stateOf({ resource, job }: ExportFacts): State {
  if (resource.metadata.deletionTimestamp !== undefined) return { kind: "deleting" };
  if (hasEnded(resource)) return { kind: "ended" };
  if (job?.phase === "succeeded" && job.result !== undefined)
    return { kind: "succeeded", result: job.result };
  if (resource.spec.cancel) return { kind: "canceling" };
  if (job?.phase === "failed") return { kind: "failed", job };
  if (resource.spec.suspend) return { kind: "suspended" };
  if (job === undefined || job.phase === "suspended") return { kind: "waiting" };
  return { kind: "under way", job };
}

/** It stands while something will have to be removed and no longer; what is being deleted keeps what it has. */
function finalizerStep(resource: Export, { kind }: State): ExportStep | undefined {
  if (kind === "deleting") return undefined;
  const { spec, status } = resource;
  const willRemove = kind === "canceling" || spec.deletionPolicy === "Delete";
  const isWanted = status?.location !== undefined && willRemove;
  if (isWanted === hasFinalizer(resource)) return undefined;
  return { kind: isWanted ? "add finalizer" : "remove finalizer" };
}

/** Whether it needs a place among those that run: before anything of it works, and as long as anything does. */
export function needsTurn(facts: ExportFacts): boolean {
  const { job } = facts;
  if (job?.phase === "queued" || job?.phase === "running") return true;
  return stateOf(facts).kind === "waiting" && readiness(facts).kind === "ready";
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

function decideCanceling(facts: ExportFacts): ExportStep {
  const { resource, now } = facts;
  const hasData = resource.status?.location !== undefined;
  const hasWork = facts.job !== undefined || hasData;
  if (hasWork && reasonOf(resource) !== "Canceling")
    return { kind: "set status", status: unfinished(resource, "Canceling", "it is being cancelled", now) };
  const ending = endJob(facts);
  if (ending !== undefined) return ending;
  if (hasData) return removeData(facts, "Canceling");
  return { kind: "set status", status: canceled(resource, now) };
}

/** The failure is counted before the runner may forget it, and the number of the attempt says whether it was. */
function decideFailed({ resource, now }: ExportFacts, job: JobObservation): ExportStep {
  if ((resource.status?.failures ?? 0) > job.attempt) return { kind: "forget job" };
  return {
    kind: "set status",
    status: attemptFailed(resource, failureOfJob(job.error), job, now),
  };
}

function decideSuspended({ resource, job, now }: ExportFacts): ExportStep {
  if (job !== undefined && job.phase !== "suspended") return { kind: "suspend job" };
  const status = unfinished(resource, "Suspended", "it is suspended; what is done is kept", now);
  return statusOr(resource, status, nothing);
}

const usualInterval = 1000;

function decideUnderWay(facts: ExportFacts, job: JobObservation): ExportStep {
  const { resource, now, statusWrittenAt, progressInterval = usualInterval } = facts;
  if (isOvertaken(resource, job)) return { kind: "stop job" };
  const status = underWay(resource, job, now);
  if (!isDeepStrictEqual(withoutProgress(status), withoutProgress(resource.status)))
    return { kind: "set status", status };
  const due = (statusWrittenAt ?? 0) + progressInterval;
  const isClockSane = statusWrittenAt === undefined || statusWrittenAt <= now;
  const mustWait = isClockSane && now < due;
  return statusOr(
    resource,
    status,
    nothing,
    mustWait ? { kind: "wait until", time: due } : { kind: "set progress", status },
  );
}

function withoutProgress(status: ExportStatus = {}): ExportStatus {
  const { parts: _parts, display: _display, progress: _progress, ...rest } = status;
  return rest;
}

/** Whether its job can't begin, and was made for a spec that was changed since: nothing is lost if it is made anew. */
function isOvertaken({ metadata, status }: Export, { phase, waiting }: JobObservation): boolean {
  const { observedGeneration } = status ?? {};
  const isOlder = observedGeneration !== undefined && observedGeneration !== metadata.generation;
  return phase === "queued" && waiting !== undefined && isOlder;
}

/**
 * Nothing runs, though a suspended attempt may be there: either something is missing, or it is too early, or it is not its
 * turn, or an attempt may begin.
 */
function decideWaiting(facts: DecidedFacts): ExportStep {
  const { resource, now, queued } = facts;
  const found = readiness(facts);
  switch (found.kind) {
    case "waits":
      return statusOr(resource, unfinished(resource, found.reason, found.message, now), nothing);
    case "can't begin":
      return {
        kind: "set status",
        status: attemptFailed(resource, failureOf(found.error), { attempt: 0 }, now),
      };
    case "too early":
      return { kind: "wait until", time: found.notBefore };
    case "ready":
      if (queued !== undefined)
        return statusOr(resource, unfinished(resource, "Queued", queued, now), nothing);
      return decideStart(resource, found);
  }
}

/** Attempts are numbered by the failures before them, so that one which a crash cut off is begun again without being counted. */
function decideStart(resource: Export, { location, isBegun, previous }: Ready): ExportStep {
  const kind = isBegun ? "start job" : "settle place";
  return { kind, attempt: resource.status?.failures ?? 0, location, previous };
}

/** What has to happen before nothing of an attempt is left, or undefined where nothing is. */
function endJob({ job }: ExportFacts): ExportStep | undefined {
  if (job === undefined) return undefined;
  const hasStopped = job.phase === "succeeded" || job.phase === "failed";
  return hasStopped ? { kind: "forget job" } : { kind: "stop job" };
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

function reasonOf(resource: Export): string | undefined {
  return succeededOf(resource)?.reason;
}
