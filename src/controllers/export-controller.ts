/** Exports: observe the facts, decide one step, act, and again, until there is nothing to do now. */
import type { ResourceKey } from "../domain/ports/export-store.ts";
import { hasEnded } from "../domain/resources/export-end.ts";
import type { Export } from "../domain/resources/resource.ts";
import { type Controller, type ControllerHome, isOutdated, keyText } from "./controller.ts";
import { type DecidedFacts, decideExport, needsTurn } from "./decide-export.ts";
import type { Dependents, ResourceName } from "./dependents.ts";
import { act } from "./export-acts.ts";
import type { ExportFacts } from "./export-facts.ts";
import { type ExportMemories, memoryOf } from "./export-memories.ts";
import { outcomeOf } from "./outcome.ts";
import type { Turns } from "./turns.ts";

/** An export never needs as many steps at once: who does would go round for ever. */
const mostSteps = 50;

/**
 * `dependents` learns which exports wait for which destinations and other exports. Without `turns` all may begin at once:
 * the runner has limits of its own then.
 */
export function createExportController(
  home: ControllerHome,
  dependents: Dependents,
  turns?: Turns,
): Controller {
  const { store, runner, clock, progressInterval } = home;
  const memories: ExportMemories = new Map();
  return { reconcile };

  async function reconcile(key: ResourceKey, signal: AbortSignal): Promise<number | undefined> {
    for (let steps = 0; steps < mostSteps; steps++) {
      const facts = await observe(key, signal);
      if (facts === undefined) return undefined;
      const step = decideExport(facts);
      if (step.kind === "nothing") return undefined;
      if (step.kind === "wait until") return step.time;
      const acted = await outcomeOf(act({ ...home, memories }, facts, step, signal));
      if ("value" in acted && acted.value === "waits") return undefined;
      if ("error" in acted && !isOutdated(acted.error)) throw acted.error;
    }
    throw new Error(`Export ${keyText(key)} took ${mostSteps} steps and is not done`);
  }

  async function observe(key: ResourceKey, signal: AbortSignal): Promise<DecidedFacts | undefined> {
    const resource = await store.get("Export", key, signal);
    const text = keyText(key);
    await endGone(text, resource, signal);
    if (resource === undefined) {
      dependents.set(text, []);
      turns?.giveUp(key);
      return undefined;
    }
    const { destination, previous } = needsOf(resource);
    const needed = [destination, previous].filter((name) => name !== undefined);
    dependents.set(text, needed);
    const { statusWrittenAt, removal } = memoryOf(memories, resource);
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

  /** One that is to leave no data goes at once when it is deleted, whatever works for it. */
  async function endGone(key: string, now: Export | undefined, signal: AbortSignal): Promise<void> {
    const uid = memories.get(key)?.uid;
    if (uid === undefined || uid === now?.metadata.uid) return;
    if ((await runner.observe(uid, signal)) !== undefined) {
      await runner.stop(uid, signal);
      await runner.forget(uid, signal);
    }
    memories.delete(key);
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
