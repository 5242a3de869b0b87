/** Exports: observe the facts, decide one step, act, and again, until there is nothing to do now. */
import { isDeepStrictEqual } from "node:util";
import { type ErrorCode, LongshoreError } from "../domain/errors.ts";
import type { ResourceKey } from "../domain/ports/export-store.ts";
import type { Waiting } from "../domain/ports/job-runner.ts";
import { waysTo } from "../domain/ports/places.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import { hasEnded } from "../domain/resources/export-end.ts";
import type { Export } from "../domain/resources/resource.ts";
import { type Controller, type ControllerHome, isOutdated, isUnanswered, keyText } from "./controller.ts";
import {
  dataFinalizer,
  type DecidedFacts,
  decideExport,
  type ExportStep,
  needsTurn,
  type RemoveData,
  type StartJob,
} from "./decide-export.ts";
import type { Dependents, ResourceName } from "./dependents.ts";
import { exportEvents } from "./export-events.ts";
import type { ExportFacts } from "./export-facts.ts";
import { exportJob, settledPlace } from "./export-job.ts";
import {
  attemptFailed,
  type Failure,
  failureOf,
  removalFailed,
  removalWaits,
  started,
} from "./reconcile-result.ts";
import type { Turns } from "./turns.ts";
import { backOff } from "./work-queue.ts";

/** An export never needs as many steps at once: who does would go round for ever. */
const mostSteps = 50;

type ExportAct = Exclude<ExportStep, { readonly kind: "nothing" | "wait until" }>;

/** What this process remembers of an export; nothing is lost when it is. */
interface Memory {
  readonly uid: string;
  statusWrittenAt?: number;
  removal?: { readonly failures: number; readonly notBefore: number };
}

/**
 * `dependents` learns which exports wait for which destinations and other exports. Without `turns` all may begin at once:
 * the runner has limits of its own then.
 */
export function createExportController(
  home: ControllerHome,
  dependents: Dependents,
  turns?: Turns,
): Controller {
  const { store, runner, places, clock, progressInterval, tell, onError } = home;
  const memories = new Map<string, Memory>();
  return { reconcile };

  async function reconcile(key: ResourceKey, signal: AbortSignal): Promise<number | undefined> {
    for (let steps = 0; steps < mostSteps; steps++) {
      const facts = await observe(key, signal);
      if (facts === undefined) return undefined;
      const step = decideExport(facts);
      if (step.kind === "nothing") return undefined;
      if (step.kind === "wait until") return step.time;
      const acted = await outcomeOf(act(facts, step, signal));
      if ("value" in acted && acted.value === "waits") return undefined;
      if ("error" in acted && !isOutdated(acted.error)) throw acted.error;
    }
    throw new Error(`Export ${keyText(key)} took ${mostSteps} steps and is not done`);
  }

  async function observe(key: ResourceKey, signal: AbortSignal): Promise<DecidedFacts | undefined> {
    const resource = await store.get("Export", key, signal);
    const text = keyText(key);
    if (resource === undefined) {
      dependents.set(text, []);
      memories.delete(text);
      turns?.giveUp(key);
      return undefined;
    }
    const { destination, previous } = needsOf(resource);
    const needed = [destination, previous].filter((name) => name !== undefined);
    dependents.set(text, needed);
    const { statusWrittenAt, removal } = memoryOf(resource);
    const facts: ExportFacts = {
      resource,
      destination:
        destination === undefined ? undefined : await store.get("ExportDestination", destination, signal),
      previous: previous === undefined ? undefined : await store.get("Export", previous, signal),
      job: await runner.observe(resource.metadata.uid, signal),
      now: clock.now(),
      statusWrittenAt,
      progressInterval,
      removalNotBefore: removal?.notBefore,
    };
    return { ...facts, queued: queuedBy(facts) };
  }

  function queuedBy(facts: ExportFacts): string | undefined {
    const { namespace, name, creationTimestamp: created } = facts.resource.metadata;
    const key = { namespace, name };
    const waiting = facts.job?.waiting;
    const isStuck = waiting !== undefined && waiting.isUsual !== true;
    if (needsTurn(facts)) return turns?.ask({ key, created, isStuck });
    turns?.giveUp(key);
    return undefined;
  }

  /** What waits is looked at again when the runner says that it changed. */
  async function act(
    { resource, job }: ExportFacts,
    step: ExportAct,
    signal: AbortSignal,
  ): Promise<void | "waits"> {
    const { metadata } = resource;
    switch (step.kind) {
      case "add finalizer":
        return addFinalizer(resource, signal);
      case "set status":
        await setStatus(resource, step.status, signal, job?.error?.code);
        return;
      case "start job":
        return start(resource, step, signal);
      case "stop job":
        return runner.stop(metadata.uid, signal);
      case "suspend job":
        return runner.suspend(metadata.uid, signal);
      case "forget job":
        return runner.forget(metadata.uid, signal);
      case "remove data":
        return removeData(resource, step, signal);
      case "remove finalizer":
        return removeFinalizer(resource, signal);
      case "delete expired":
        await store.delete("Export", metadata, signal);
        return;
    }
  }

  /** `code` is that of the attempt that failed, where one did. */
  async function setStatus(
    resource: Export,
    status: ExportStatus,
    signal: AbortSignal,
    code?: ErrorCode,
  ): Promise<Export> {
    const written = await store.updateStatus("Export", { ...resource, status }, signal);
    memoryOf(resource).statusWrittenAt = clock.now();
    if (tell !== undefined) for (const event of exportEvents(resource, status, code)) tell(event);
    return written;
  }

  /** The status says where the data lies before there is any. */
  async function start(resource: Export, step: StartJob, signal: AbortSignal): Promise<void> {
    const job = await outcomeOf(exportJob(resource, step, places));
    if ("error" in job) return fail(resource, step, job.error, signal);
    const status = started(resource, job.value.location, clock.now());
    const current = await setStatus(resource, status, signal);
    const begun = await outcomeOf(runner.start(job.value, signal));
    if (!("error" in begun)) return;
    // No attempt has failed that may be running: what there is of it is seen the next time.
    if (isUnanswered(begun.error)) throw begun.error;
    return fail(current, step, begun.error, signal);
  }

  async function fail(
    resource: Export,
    { attempt }: StartJob,
    error: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    const failure = publicFailure(resource, error, signal);
    await setStatus(resource, attemptFailed(resource, failure, { attempt }, clock.now()), signal);
  }

  async function removeData(
    resource: Export,
    { location, reason }: RemoveData,
    signal: AbortSignal,
  ): Promise<void | "waits"> {
    const memory = memoryOf(resource);
    const removed = await outcomeOf(removePlace(resource, location, signal));
    if (!("error" in removed)) {
      delete memory.removal;
      if (removed.value === undefined) return removeFinalizer(resource, signal);
      const status = removalWaits(resource, reason, removed.value, clock.now());
      if (!isDeepStrictEqual(status, resource.status)) await setStatus(resource, status, signal);
      return "waits";
    }
    const failure = publicFailure(resource, removed.error, signal);
    const failures = (memory.removal?.failures ?? 0) + 1;
    memory.removal = { failures, notBefore: clock.now() + backOff(failures) };
    await setStatus(resource, removalFailed(resource, reason, failure, clock.now()), signal);
  }

  async function removePlace(
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

  async function addFinalizer(resource: Export, signal: AbortSignal): Promise<void> {
    const { metadata } = resource;
    const finalizers = [...(metadata.finalizers ?? []), dataFinalizer];
    await store.update("Export", { ...resource, metadata: { ...metadata, finalizers } }, signal);
  }

  async function removeFinalizer(resource: Export, signal: AbortSignal): Promise<void> {
    const { metadata } = resource;
    const finalizers = (metadata.finalizers ?? []).filter((name) => name !== dataFinalizer);
    await store.update("Export", { ...resource, metadata: { ...metadata, finalizers } }, signal);
  }

  /** What the status may say of an error; the rest of one that nobody expected goes to the log. */
  function publicFailure(resource: Export, error: unknown, signal: AbortSignal): Failure {
    signal.throwIfAborted();
    if (!(error instanceof LongshoreError)) onError(error, `Export ${keyText(resource.metadata)}`);
    return failureOf(error);
  }

  function memoryOf({ metadata }: Export): Memory {
    const known = memories.get(keyText(metadata));
    if (known?.uid === metadata.uid) return known;
    const fresh: Memory = { uid: metadata.uid };
    memories.set(keyText(metadata), fresh);
    return fresh;
  }
}

/** What must be there before it can begin. */
function needsOf(resource: Export): {
  readonly destination: ResourceName | undefined;
  readonly previous: ResourceName | undefined;
} {
  const { metadata, spec, status } = resource;
  if (metadata.deletionTimestamp !== undefined || hasEnded(resource))
    return { destination: undefined, previous: undefined };
  const { namespace } = metadata;
  const destination = status?.location === undefined ? spec.destination.name : undefined;
  const previous = spec.previous?.name;
  return {
    destination:
      destination === undefined ? undefined : { kind: "ExportDestination", namespace, name: destination },
    previous: previous === undefined ? undefined : { kind: "Export", namespace, name: previous },
  };
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

async function outcomeOf<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work };
  } catch (error) {
    return { error };
  }
}
