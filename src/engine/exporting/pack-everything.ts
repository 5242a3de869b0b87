/** Walks and packs side by side: each part is handed to the workers as soon as its page of the plan is durable. */
import { tailParts } from "../../domain/part.ts";
import type { Plan } from "../../domain/plan.ts";
import type { ExportWork } from "./export-call.ts";
import type { Begun } from "./found-export.ts";
import { makePlan } from "./make-plan.ts";
import { withPartDispatcher } from "./part-dispatcher.ts";

/** Resolves with the plan when every part's receipt stands. The first failure stops everything and is thrown. */
export async function packEverything(work: ExportWork, begun: Begun, signal: AbortSignal): Promise<Plan> {
  return withPartDispatcher(
    work,
    begun,
    async (dispatcher, working) => {
      const plan = await planned();
      await dispatcher.done();
      return plan;

      async function planned(): Promise<Plan> {
        if (begun.found.kind !== "planned")
          return makePlan(work, begun.request, (part) => dispatcher.add(part), working);
        const { plan } = begun.found;
        const parts = plan.parts.length + tailParts(work.call.options.format);
        work.home.onEvent({ kind: "planned", ...plan.totals, parts, done: true });
        for (const part of plan.parts) dispatcher.add(part);
        return plan;
      }
    },
    signal,
  );
}
