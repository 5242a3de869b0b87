/** ExportDestinations: whether exports may be put where they say, and can be. */
import { LongshoreError } from "../domain/errors.ts";
import { parseBucketLocation } from "../domain/location.ts";
import type { ResourceKey } from "../domain/ports/export-store.ts";
import { type Condition, withCondition } from "../domain/resources/condition.ts";
import { locationOf } from "../domain/resources/place-location.ts";
import type { ExportDestination } from "../domain/resources/resource.ts";
import { resourceHint } from "../domain/resources/resource-hints.ts";
import { specFault } from "../domain/resources/spec-fault.ts";
import { type Controller, type ControllerHome, keyText } from "./controller.ts";
import { backOff } from "./work-queue.ts";

type ReadyCondition = Pick<Condition, "status" | "reason" | "message">;

/** What this process found when it asked a bucket; when it is lost, the bucket is asked again. */
interface Memory {
  readonly uid: string;
  readonly generation: number;
  /** Times in a row that it was not ready. */
  readonly failures: number;
  /** Milliseconds since 1970; undefined where it was ready and is not asked again. */
  readonly notBefore: number | undefined;
}

export function createDestinationController(
  home: Pick<ControllerHome, "store" | "places" | "checkPlace" | "clock">,
): Controller {
  const { store, places, checkPlace, clock } = home;
  const memories = new Map<string, Memory>();
  return { reconcile };

  async function reconcile(key: ResourceKey, signal: AbortSignal): Promise<number | undefined> {
    const resource = await store.get("ExportDestination", key, signal);
    if (resource === undefined) {
      memories.delete(keyText(key));
      return undefined;
    }
    const before = memoryOf(resource);
    // Its own status comes by as a change too, which is no reason to ask a store again.
    if (before !== undefined && (before.notBefore === undefined || clock.now() < before.notBefore))
      return before.notBefore;
    const found = await checkDestination(resource, signal);
    const observedGeneration = resource.metadata.generation;
    const conditions = withCondition(
      resource.status?.conditions,
      { type: "Ready", ...found, observedGeneration },
      clock.now(),
    );
    const status = { ...resource.status, conditions, observedGeneration };
    await store.updateStatus("ExportDestination", { ...resource, status }, signal);
    return remember(resource, before, found)?.notBefore;
  }

  function memoryOf({ metadata }: ExportDestination): Memory | undefined {
    const known = memories.get(keyText(metadata));
    return known?.uid === metadata.uid && known.generation === metadata.generation ? known : undefined;
  }

  /** Folders are looked at each time, which costs nothing. */
  function remember(
    { metadata, spec }: ExportDestination,
    before: Memory | undefined,
    { status }: ReadyCondition,
  ): Memory | undefined {
    if (spec.bucket === undefined) return undefined;
    const failures = status === "True" ? 0 : (before?.failures ?? 0) + 1;
    const notBefore = failures === 0 ? undefined : clock.now() + backOff(failures);
    const memory = { uid: metadata.uid, generation: metadata.generation, failures, notBefore };
    memories.set(keyText(metadata), memory);
    return memory;
  }

  async function checkDestination(resource: ExportDestination, signal: AbortSignal): Promise<ReadyCondition> {
    const { metadata, spec } = resource;
    const fault = specFault("ExportDestination", resource);
    if (fault !== undefined) return notReady(fault);
    const location = locationOf(spec, metadata);
    if (location === undefined)
      return { status: "False", reason: "InvalidDocument", message: "spec names no place" };
    try {
      const { reached } = await places.destination(location);
      if (checkPlace === undefined || parseBucketLocation(reached) === undefined)
        return { status: "True", reason: "Allowed", message: "exports may be put there" };
      await checkPlace(reached, signal);
      return { status: "True", reason: "Reachable", message: "exports can be put there and fetched" };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LongshoreError)) throw error;
      return notReady(error);
    }
  }
}

const notReady = ({ code, message, hint }: LongshoreError): ReadyCondition => ({
  status: "False",
  reason: code,
  message: `${message}: ${resourceHint(code, hint)}`,
});
