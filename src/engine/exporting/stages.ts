/**
 * The stages of an export as programs of their own: one plans, any number pack a share of the parts each, and `runExport`,
 * which does whatever is missing, finalizes. What stands in the destination is all that they know of one another.
 */
import { LongshoreError } from "../../domain/errors.ts";
import type { PlannedPart } from "../../domain/part.ts";
import type { Plan } from "../../domain/plan.ts";
import { checkOwnerOf, openWork, settle } from "./begin-export.ts";
import type { ExportCall, ExportHome } from "./export-call.ts";
import { findExport } from "./found-export.ts";
import { makePlan } from "./make-plan.ts";
import { withPartDispatcher } from "./part-dispatcher.ts";

/** Resolves when the plan stands; one that stood is kept, and "finished" says that there is nothing left to pack. */
export async function planExport(
  call: ExportCall,
  home: ExportHome,
  signal: AbortSignal,
): Promise<Plan | "finished"> {
  const work = await openWork(call, home);
  await using _lock = await work.destination.lock?.(home.holder, signal);
  const found = await findExport(work.destination, signal);
  checkOwnerOf(found, work.destination, call);
  if (found.kind === "finished") return "finished";
  const begun = await settle(work, found, signal);
  if (begun.found.kind === "planned") return begun.found.plan;
  return await makePlan(work, begun.request, () => undefined, signal);
}

export interface Share {
  /** From 0 to `count - 1`. */
  readonly index: number;
  readonly count: number;
}

/**
 * Packs those parts of the share that are not safe yet; says how many parts the share has. It takes no lock: any number of
 * workers may pack the same share, and the first receipt of a part counts. Throws NotPlanned.
 */
export async function packShare(
  call: ExportCall,
  home: ExportHome,
  share: Share,
  signal: AbortSignal,
): Promise<number> {
  const work = await openWork(call, home);
  const found = await findExport(work.destination, signal);
  checkOwnerOf(found, work.destination, call);
  if (found.kind === "finished") return 0;
  if (found.kind !== "planned")
    throw new LongshoreError("NotPlanned", `${work.destination.location} has no plan yet`);
  const { plan } = found;
  const format = await home.drivers.format(call.options.format);
  const keepsFilesTogether = format.layout === "archive" && format.closesSplitFiles;
  const parts = partsOfShare(plan.parts, share, keepsFilesTogether);
  return withPartDispatcher(
    work,
    { request: plan.request, found },
    async (dispatcher) => {
      for (const part of parts) dispatcher.add(part);
      await dispatcher.done();
      return parts.length;
    },
    signal,
  );
}

/**
 * Parts `index`, `index + count`, … – or, where the last part of a split file needs those before it, whole files: then the
 * number of a file's first part counts for all of them, so that no worker waits for another.
 */
export function partsOfShare(
  parts: readonly PlannedPart[],
  { index, count }: Share,
  keepsFilesTogether: boolean,
): PlannedPart[] {
  let first = 0;
  return parts.filter((part) => {
    if (!keepsFilesTogether || !part.startsInside) first = part.number;
    return first % count === index;
  });
}
