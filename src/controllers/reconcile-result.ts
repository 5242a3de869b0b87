/** The one place that turns what became of an export into its status: conditions, times, counts, and when to try again. */
import { catalogue, type ErrorCode, LongshoreError } from "../domain/errors.ts";
import { furthest, type Reached } from "../domain/furthest-progress.ts";
import type { JobObservation, JobResult, Waiting } from "../domain/ports/job-runner.ts";
import { formatQuantity } from "../domain/quantity.ts";
import { type Condition, withCondition } from "../domain/resources/condition.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import { resourceHint } from "../domain/resources/resource-hints.ts";
import type { Export } from "../domain/resources/resource.ts";
import { afterFailure } from "./retries.ts";
import { backOff } from "./work-queue.ts";

/** Why `Succeeded` is Unknown: what the export does or waits for. */
export type UnfinishedReason =
  | "Pending"
  | "DestinationMissing"
  | "Queued"
  | "Planning"
  | "Packing"
  | "Suspended"
  | "Retrying"
  | "Canceling"
  | "Deleting";

/** Whether somebody must change something first, or the same may go well later. What is only waited for is no failure. */
export interface Failure {
  readonly kind: "user must act" | "try again";
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** What may be said in public of an error: of one that is not of the catalogue nothing, for nobody knows what is in it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LongshoreError) return failure(error.code, error.message, error.hint);
  return unexpected;
}

/** The same of an attempt that a runner saw fail. */
export function failureOfJob(error: JobObservation["error"]): Failure {
  if (error?.code === undefined) return unexpected;
  return failure(error.code, error.message, error.hint);
}

function failure(code: ErrorCode, message: string, said: string | undefined): Failure {
  const hint = resourceHint(code, said);
  return { kind: catalogue[code].retryable ? "try again" : "user must act", code, message, hint };
}

const unexpected: Failure = {
  kind: "try again",
  code: "InternalError",
  message: "it ended with an error that was not expected",
  hint: resourceHint("InternalError"),
};

/** Not ended: what it does or waits for. Progress is that of a running attempt alone. */
export function unfinished(
  resource: Export,
  /** One of ours, or what a runner says that it waits for. */
  reason: UnfinishedReason | (string & {}),
  message: string,
  now: number,
): ExportStatus {
  const { progress: _progress, nextAttemptTime: _next, ...kept } = resource.status ?? {};
  return withSucceeded(resource, kept, { status: "Unknown", reason, message }, now);
}

/** An attempt is about to begin, at this place. */
export function started(resource: Export, location: string, now: number): ExportStatus {
  const { startTime = timeOf(now), ...status } = unfinished(resource, "Queued", messages.Queued, now);
  return { ...status, startTime, location };
}

/** An attempt is queued or runs. */
export function underWay(resource: Export, job: JobObservation, now: number): ExportStatus {
  const { progress, parts } = reached(resource, job);
  const phase = job.phase === "queued" ? "Queued" : progress.planned ? "Packing" : "Planning";
  const { reason, message } = job.waiting ?? { reason: phase, message: messages[phase] };
  return { ...unfinished(resource, reason, message, now), ...shown({ progress, parts }), progress };
}

function shown({ progress, parts: { succeeded, reused } }: Reached): Pick<ExportStatus, "parts" | "display"> {
  const { plannedParts: total, plannedBytes } = progress;
  return {
    parts: { total, succeeded, reused, failed: 0 },
    display: { parts: `${succeeded}/${total}`, size: formatQuantity(plannedBytes) },
  };
}

/** Who runs it may have been begun anew and count from the beginning; the attempt is as far as it was. */
function reached({ status }: Export, job: Reached): Reached {
  const { progress, parts } = status ?? {};
  return progress === undefined || parts === undefined ? job : furthest(job, { progress, parts });
}

const messages = {
  Queued: "waits for its turn",
  Planning: "the source is being walked, and what is planned so far is packed",
  Packing: "every part is planned, and they are being packed",
} as const;

/** Every part is proved. */
export function completed(resource: Export, result: JobResult, now: number): ExportStatus {
  const { manifestDigest, files, differences, parts, bytes, archive } = result;
  const before = unfinished(resource, "Packing", messages.Packing, now);
  const size = formatQuantity(archive?.size ?? bytes.written);
  const condition =
    differences === 0
      ? { reason: "Completed", message: `all ${parts.total} parts are proved` }
      : {
          reason: "CompletedWithDifferences",
          message: `all ${parts.total} parts are proved; ${differences} ${differences === 1 ? "entry is" : "entries are"} not as planned, as differences.jsonl says`,
        };
  const status = {
    ...before,
    files,
    differences,
    parts: { total: parts.total, succeeded: parts.total, reused: parts.reused, failed: 0 },
    bytes,
    display: { parts: `${parts.total}/${parts.total}`, size },
    manifestDigest,
    ...(archive === undefined ? {} : { archive }),
  };
  return ended(resource, status, { status: "True", ...condition }, now);
}

/** Nothing of it is left but the resource. */
export function canceled(resource: Export, now: number): ExportStatus {
  const {
    location: _location,
    parts: _parts,
    display: _display,
    ...kept
  } = unfinished(resource, "Canceling", "", now);
  return ended(resource, kept, { status: "False", reason: "Canceled", message: "it was cancelled" }, now);
}

/** What is known of an attempt that failed: its number, counted from 0, and where it had begun how far it came. */
export type FailedAttempt = Pick<JobObservation, "attempt"> & Partial<Reached>;

/** An attempt came to nothing: another follows after a back-off, unless that can't help or was tried often enough. */
export function attemptFailed(
  resource: Export,
  { kind, code, message, hint }: Failure,
  attempt: FailedAttempt,
  now: number,
): ExportStatus {
  const failures = attempt.attempt + 1;
  const farthest = farthestOf(resource, attempt);
  const retries = afterFailure(resource.status?.retries, farthest?.parts.succeeded ?? 0);
  const nextAttemptTime = timeOf(now + backOff(Math.max(1, retries.inVain)));
  const retrying = `attempt ${failures} failed: ${message}; the next begins at ${nextAttemptTime}`;
  const before = {
    ...unfinished(resource, "Retrying", retrying, now),
    ...(farthest && shown(farthest)),
    failures,
    retries,
  };
  if (kind === "user must act")
    return failed(resource, before, { code, message: `${message}: ${hint}` }, now);
  if (retries.inVain <= resource.spec.backoffLimit) return { ...before, nextAttemptTime };
  return failed(resource, before, { code, message: `${message}; attempt ${failures} was the last` }, now);
}

/** Undefined where nobody heard of any part of it. */
function farthestOf(resource: Export, { progress, parts }: FailedAttempt): Reached | undefined {
  if (progress === undefined || parts === undefined) return undefined;
  const farthest = reached(resource, { progress, parts });
  return farthest.progress.plannedParts === 0 ? undefined : farthest;
}

function failed(
  resource: Export,
  { parts, ...status }: ExportStatus,
  { code, message }: Pick<Failure, "code" | "message">,
  now: number,
): ExportStatus {
  const missing = parts && { ...parts, failed: Math.max(0, parts.total - parts.succeeded) };
  const whole = { ...status, ...(missing && { parts: missing }) };
  return ended(resource, whole, { status: "False", reason: code, message }, now);
}

/** What was prepared could not be removed; it is tried again. */
export function removalFailed(
  resource: Export,
  reason: "Canceling" | "Deleting",
  { message }: Failure,
  now: number,
): ExportStatus {
  return unfinished(
    resource,
    reason,
    `the data could not be removed yet: ${message}${wayOutOf(reason)}`,
    now,
  );
}

/** Something keeps the data from being removed for now. */
export function removalWaits(
  resource: Export,
  reason: "Canceling" | "Deleting",
  { message }: Waiting,
  now: number,
): ExportStatus {
  return unfinished(resource, reason, `the data waits for its removal: ${message}${wayOutOf(reason)}`, now);
}

const wayOutOf = (reason: "Canceling" | "Deleting"): string =>
  reason === "Deleting" ? "; deletionPolicy Retain leaves the data where it is" : "";

/** An export that has ended, as its time to live and generation say now. What became of it does not change. */
export function endedAgain(resource: Export): ExportStatus {
  const { expirationTime: _expiration, conditions = [], ...kept } = resource.status ?? {};
  const observedGeneration = resource.metadata.generation;
  return {
    ...kept,
    ...expiration(resource, kept.completionTime),
    // `kubectl wait` heeds a condition that is about the spec as it is now, and no other.
    conditions: conditions.map((one) => (one.type === "Succeeded" ? { ...one, observedGeneration } : one)),
    observedGeneration,
  };
}

/** Nothing follows that retries would count for; they go by reports, which anybody in the namespace may make up. */
function ended(
  resource: Export,
  { retries: _retries, ...status }: ExportStatus,
  condition: Pick<Condition, "status" | "reason" | "message">,
  now: number,
): ExportStatus {
  const completionTime = timeOf(now);
  const whole = { ...status, completionTime, ...expiration(resource, completionTime) };
  return withSucceeded(resource, whole, condition, now);
}

function expiration(resource: Export, completionTime: string | undefined): { expirationTime?: string } {
  const { ttlSecondsAfterFinished: seconds } = resource.spec;
  if (seconds === undefined || completionTime === undefined) return {};
  return { expirationTime: timeOf(Date.parse(completionTime) + seconds * 1000) };
}

/** What a condition may say, in UTF-16 units. */
const longestMessage = 8192;

function withSucceeded(
  resource: Export,
  status: ExportStatus,
  { message, ...condition }: Pick<Condition, "status" | "reason" | "message">,
  now: number,
): ExportStatus {
  const observedGeneration = resource.metadata.generation;
  const conditions = withCondition(
    // What the resource says now, not what the status passed through on its way here.
    resource.status?.conditions,
    { type: "Succeeded", ...condition, message: message.slice(0, longestMessage), observedGeneration },
    now,
  );
  return { ...status, conditions, observedGeneration };
}

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString();
