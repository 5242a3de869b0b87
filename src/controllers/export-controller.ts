/** Exports: observe the facts, decide one step, act, and again, until there is nothing to do now. */
import { LongshoreError } from "../domain/errors.ts";
import type { ResourceKey } from "../domain/ports/export-store.ts";
import { waysTo } from "../domain/ports/places.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import type { Export } from "../domain/resources/resource.ts";
import { type Controller, type ControllerHome, isOutdated, keyText } from "./controller.ts";
import {
  dataFinalizer,
  decideExport,
  type ExportFacts,
  type ExportStep,
  hasEnded,
  type RemoveData,
  type StartJob,
} from "./decide-export.ts";
import type { Dependents, ResourceName } from "./dependents.ts";
import { exportJob, settledPlace } from "./export-job.ts";
import { attemptFailed, type Failure, failureOf, removalFailed, started } from "./reconcile-result.ts";
import { backOff } from "./work-queue.ts";

/** An export never needs as many steps at once: who does would go round for ever. */
const mostSteps = 50;

/** What this process remembers of an export; nothing is lost when it is. */
interface Memory {
  readonly uid: string;
  statusWrittenAt?: number;
  removal?: { readonly failures: number; readonly notBefore: number };
}

/** `dependents` learns which exports wait for which destinations and other exports. */
export function createExportController(home: ControllerHome, dependents: Dependents): Controller {
  const { store, runner, places, clock, onError } = home;
  const memories = new Map<string, Memory>();
  return { reconcile };

  async function reconcile(key: ResourceKey, signal: AbortSignal): Promise<number | undefined> {
    for (let steps = 0; steps < mostSteps; steps++) {
      const facts = await observe(key, signal);
      if (facts === undefined) return undefined;
      const step = decideExport(facts);
      if (step.kind === "nothing") return undefined;
      if (step.kind === "wait until") return step.time;
      const acted = await outcomeOf(act(facts.resource, step, signal));
      if ("error" in acted && !isOutdated(acted.error)) throw acted.error;
    }
    throw new Error(`Export ${keyText(key)} took ${mostSteps} steps and is not done`);
  }

  async function observe(key: ResourceKey, signal: AbortSignal): Promise<ExportFacts | undefined> {
    const resource = await store.get("Export", key, signal);
    const text = keyText(key);
    if (resource === undefined) {
      dependents.set(text, []);
      memories.delete(text);
      return undefined;
    }
    const { destination, previous } = needsOf(resource);
    const needed = [destination, previous].filter((name) => name !== undefined);
    dependents.set(text, needed);
    const { statusWrittenAt, removal } = memoryOf(resource);
    return {
      resource,
      destination:
        destination === undefined ? undefined : await store.get("ExportDestination", destination, signal),
      previous: previous === undefined ? undefined : await store.get("Export", previous, signal),
      job: await runner.observe(resource.metadata.uid, signal),
      now: clock.now(),
      statusWrittenAt,
      removalNotBefore: removal?.notBefore,
    };
  }

  async function act(resource: Export, step: ExportStep, signal: AbortSignal): Promise<void> {
    const { metadata } = resource;
    switch (step.kind) {
      case "add finalizer": {
        const finalizers = [...(metadata.finalizers ?? []), dataFinalizer];
        await store.update("Export", { ...resource, metadata: { ...metadata, finalizers } }, signal);
        return;
      }
      case "set status":
        await setStatus(resource, step.status, signal);
        return;
      case "start job":
        return start(resource, step, signal);
      case "stop job":
        return runner.stop(metadata.uid, signal);
      case "forget job":
        return runner.forget(metadata.uid, signal);
      case "remove data":
        return removeData(resource, step, signal);
      case "remove finalizer":
        return removeFinalizer(resource, signal);
      case "delete expired":
        await store.delete("Export", metadata, signal);
        return;
      case "wait until":
      case "nothing":
    }
  }

  async function setStatus(resource: Export, status: ExportStatus, signal: AbortSignal): Promise<Export> {
    const written = await store.updateStatus("Export", { ...resource, status }, signal);
    memoryOf(resource).statusWrittenAt = clock.now();
    return written;
  }

  /** The status says where the data lies before there is any. */
  async function start(resource: Export, step: StartJob, signal: AbortSignal): Promise<void> {
    const job = await outcomeOf(exportJob(resource, step, places));
    if ("error" in job) return fail(resource, step, job.error, signal);
    const status = started(resource, job.value.location, clock.now());
    const current = await setStatus(resource, status, signal);
    const begun = await outcomeOf(runner.start(job.value, signal));
    if ("error" in begun) return fail(current, step, begun.error, signal);
  }

  async function fail(
    resource: Export,
    { attempt }: StartJob,
    error: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    const failure = publicFailure(resource, error, signal);
    await setStatus(resource, attemptFailed(resource, failure, attempt, clock.now()), signal);
  }

  async function removeData(
    resource: Export,
    { location, reason }: RemoveData,
    signal: AbortSignal,
  ): Promise<void> {
    const memory = memoryOf(resource);
    const removed = await outcomeOf(removePlace(resource, location, signal));
    if (!("error" in removed)) {
      delete memory.removal;
      return removeFinalizer(resource, signal);
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
  ): Promise<void> {
    if (location === undefined) return;
    const place = await settledPlace(location, places);
    const { namespace, name, uid: owner } = metadata;
    await runner.removeData({ location, owner, export: { namespace, name }, ways: waysTo([place]) }, signal);
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
