/** Does what was decided about an export: each step changes one fact, by the store or by the runner. */
import { isDeepStrictEqual } from "node:util";
import { type ErrorCode, LongshoreError } from "../domain/errors.ts";
import type { ExportJob, Waiting } from "../domain/ports/job-runner.ts";
import { waysTo } from "../domain/ports/places.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import type { Export } from "../domain/resources/resource.ts";
import { type ControllerHome, isUnanswered, keyText } from "./controller.ts";
import { dataFinalizer, type ExportStep, type RemoveData, type StartStep } from "./decide-export.ts";
import { exportEvents } from "./export-events.ts";
import type { ExportFacts } from "./export-facts.ts";
import { exportJob, settledPlace } from "./export-job.ts";
import { type ExportMemories, memoryOf } from "./export-memories.ts";
import { outcomeOf } from "./outcome.ts";
import {
  attemptFailed,
  canceled,
  type Failure,
  failureOf,
  removalFailed,
  removalWaits,
  started,
} from "./reconcile-result.ts";
import { backOff } from "./work-queue.ts";

export type ExportAct = Exclude<ExportStep, { readonly kind: "nothing" | "wait until" }>;

export interface ActHome extends ControllerHome {
  readonly memories: ExportMemories;
}

/** What waits is looked at again when the runner says that it changed. */
export async function act(
  home: ActHome,
  { resource, job }: ExportFacts,
  step: ExportAct,
  signal: AbortSignal,
): Promise<void | "waits"> {
  const { metadata } = resource;
  if (isEnding(step)) return home.runner[endings[step.kind]](metadata.uid, signal);
  switch (step.kind) {
    case "add finalizer":
      return setFinalizers(home, resource, withOurs(metadata.finalizers), signal);
    case "remove finalizer":
      return setFinalizers(home, resource, withoutOurs(metadata.finalizers), signal);
    case "set status":
      return void (await setStatus(home, resource, { status: step.status, code: job?.error?.code }, signal));
    case "set progress":
      return setProgress(home, resource, step.status, signal);
    case "settle place":
      return settlePlace(home, resource, step, signal);
    case "start job":
      return start(home, resource, step, signal);
    case "remove data":
      return removeData(home, resource, step, signal);
    case "delete expired":
      return void (await home.store.delete("Export", metadata, signal));
  }
}

const endings = { "stop job": "stop", "suspend job": "suspend", "forget job": "forget" } as const;

const isEnding = (step: ExportAct): step is Extract<ExportAct, { readonly kind: keyof typeof endings }> =>
  step.kind in endings;

interface Written {
  readonly status: ExportStatus;
  /** That of the attempt that failed, where one did. */
  readonly code?: ErrorCode | undefined;
}

async function setStatus(
  { store, memories, clock, tell }: ActHome,
  resource: Export,
  { status, code }: Written,
  signal: AbortSignal,
): Promise<Export> {
  const written = await store.updateStatus("Export", { ...resource, status }, signal);
  memoryOf(memories, resource).statusWrittenAt = clock.now();
  if (tell !== undefined) for (const event of exportEvents(resource, status, code)) tell(event);
  return written;
}

async function setProgress(
  { store, memories, clock }: ActHome,
  resource: Export,
  status: ExportStatus,
  signal: AbortSignal,
): Promise<void> {
  await store.updateProgress({ ...resource, status }, signal);
  memoryOf(memories, resource).statusWrittenAt = clock.now();
}

/** The status says where the data lies before there is any, and only if there may be some. */
async function settlePlace(
  home: ActHome,
  resource: Export,
  step: StartStep,
  signal: AbortSignal,
): Promise<void> {
  const tried = await outcomeOf(tryOut(home, resource, step, signal));
  if ("error" in tried) return cameToNothing(home, resource, { step, error: tried.error }, signal);
  if (tried.value === undefined) return;
  const status = started(resource, tried.value.location, home.clock.now());
  await setStatus(home, resource, { status }, signal);
}

/** Undefined where the runner would not let it in: what it waits for is observed next. */
async function tryOut(
  { places, runner }: ActHome,
  resource: Export,
  step: StartStep,
  signal: AbortSignal,
): Promise<ExportJob | undefined> {
  const job = await exportJob(resource, step, places);
  return (await runner.admits(job, signal)) ? job : undefined;
}

async function start(home: ActHome, resource: Export, step: StartStep, signal: AbortSignal): Promise<void> {
  const job = await outcomeOf(exportJob(resource, step, home.places));
  if ("error" in job) return cameToNothing(home, resource, { step, error: job.error }, signal);
  const status = started(resource, step.location, home.clock.now());
  const isSaid = isDeepStrictEqual(status, resource.status);
  const current = isSaid ? resource : await setStatus(home, resource, { status }, signal);
  const begun = await outcomeOf(home.runner.start(job.value, signal));
  if ("error" in begun) return cameToNothing(home, current, { step, error: begun.error }, signal);
}

async function cameToNothing(
  home: ActHome,
  resource: Export,
  { step, error }: { readonly step: StartStep; readonly error: unknown },
  signal: AbortSignal,
): Promise<void> {
  // No attempt has failed that may be running: what there is of it is seen the next time.
  if (isUnanswered(error)) throw error;
  const failure = publicFailure(home, resource, error, signal);
  const status = attemptFailed(resource, failure, { attempt: step.attempt }, home.clock.now());
  await setStatus(home, resource, { status }, signal);
}

async function removeData(
  home: ActHome,
  resource: Export,
  { location, reason }: RemoveData,
  signal: AbortSignal,
): Promise<void | "waits"> {
  const { clock } = home;
  const memory = memoryOf(home.memories, resource);
  const removed = await outcomeOf(removePlace(home, resource, location, signal));
  if ("error" in removed) {
    const failure = publicFailure(home, resource, removed.error, signal);
    const failures = (memory.removal?.failures ?? 0) + 1;
    memory.removal = { failures, notBefore: clock.now() + backOff(failures) };
    const status = removalFailed(resource, reason, failure, clock.now());
    return void (await setStatus(home, resource, { status }, signal));
  }
  delete memory.removal;
  if (removed.value !== undefined) {
    const status = removalWaits(resource, reason, removed.value, clock.now());
    if (!isDeepStrictEqual(status, resource.status)) await setStatus(home, resource, { status }, signal);
    return "waits";
  }
  if (reason === "Deleting")
    return setFinalizers(home, resource, withoutOurs(resource.metadata.finalizers), signal);
  await setStatus(home, resource, { status: canceled(resource, clock.now()) }, signal);
}

async function removePlace(
  { places, runner }: ActHome,
  { metadata }: Export,
  location: string | undefined,
  signal: AbortSignal,
): Promise<Waiting | undefined> {
  if (location === undefined) return undefined;
  const place = await settledPlace(location, places);
  const { namespace, name, uid: owner } = metadata;
  const owned = { location, owner, export: { namespace, name }, ways: waysTo([place]) };
  return runner.removeData(owned, signal);
}

async function setFinalizers(
  { store }: ActHome,
  resource: Export,
  finalizers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const metadata = { ...resource.metadata, finalizers: [...finalizers] };
  await store.update("Export", { ...resource, metadata }, signal);
}

const withOurs = (finalizers: readonly string[] = []): readonly string[] => [...finalizers, dataFinalizer];

const withoutOurs = (finalizers: readonly string[] = []): readonly string[] =>
  finalizers.filter((name) => name !== dataFinalizer);

/** What the status may say of an error; the rest of one that nobody expected goes to the log. */
function publicFailure({ onError }: ActHome, resource: Export, error: unknown, signal: AbortSignal): Failure {
  signal.throwIfAborted();
  if (!(error instanceof LongshoreError)) onError(error, `Export ${keyText(resource.metadata)}`);
  return failureOf(error);
}
