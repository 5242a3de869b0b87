/** ExportDestinations: whether exports may be put where they say. */
import { LongshoreError } from "../domain/errors.ts";
import type { ResourceKey } from "../domain/ports/export-store.ts";
import { type Condition, withCondition } from "../domain/resources/condition.ts";
import type { ExportDestination } from "../domain/resources/resource.ts";
import type { Controller, ControllerHome } from "./controller.ts";

export function createDestinationController({ store, places, clock }: ControllerHome): Controller {
  return {
    reconcile: async (key: ResourceKey, signal) => {
      const resource = await store.get("ExportDestination", key, signal);
      if (resource === undefined) return undefined;
      const observedGeneration = resource.metadata.generation;
      const ready = { type: "Ready", ...(await readiness(resource)), observedGeneration };
      const conditions = withCondition(resource.status?.conditions, ready, clock.now());
      const status = { ...resource.status, conditions, observedGeneration };
      await store.updateStatus("ExportDestination", { ...resource, status }, signal);
      return undefined;
    },
  };

  async function readiness({
    spec,
  }: ExportDestination): Promise<Pick<Condition, "status" | "reason" | "message">> {
    if (spec.directory === undefined)
      return { status: "False", reason: "InvalidDocument", message: "spec names no place" };
    try {
      await places.destination(spec.directory.path);
      return { status: "True", reason: "Allowed", message: "exports may be put there" };
    } catch (error) {
      if (!(error instanceof LongshoreError)) throw error;
      return { status: "False", reason: error.code, message: `${error.message}: ${error.hint}` };
    }
  }
}
