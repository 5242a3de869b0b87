/** Restores plan.json and damaged plan pages from what else vouches for them. */
import { planName } from "../../domain/record-names.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { joinLocation } from "../../domain/location.ts";
import { formatVersion } from "../../domain/export-options.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { planPageName } from "../../domain/part.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { FileDigest, Receipt } from "../../domain/receipt.ts";
import { documentBytes, parseDocument } from "../document.ts";
import { holdsObject } from "../packing/holds-object.ts";
import { writePlan } from "../planning/plan-writer.ts";
import type { ExportWork } from "../exporting/export-call.ts";

/** The plan that the export was made by: plan.json, or where that is damaged what manifest and receipts say it was. */
export async function planOf(
  destination: Destination,
  manifest: Manifest,
  receipts: ReadonlyMap<number, Receipt>,
  signal: AbortSignal,
): Promise<Plan> {
  const file = manifest.run.files.find(({ object }) => object === planName);
  if (file !== undefined && (await holdsObject(destination, file, signal))) {
    const { Plan } = await import("../../domain/plan.ts");
    const bytes = await destination.get(planName, signal);
    if (bytes !== undefined) return parseDocument(Plan, bytes, planName);
  }
  return rebuilt(manifest, receipts);
}

function rebuilt(manifest: Manifest, receipts: ReadonlyMap<number, Receipt>): Plan {
  const { run, options, totals } = manifest;
  const parts = manifest.parts
    .filter((part) => !part.tail)
    .map((part) => {
      const receipt = receipts.get(part.number);
      const page = manifest.files.find(({ object }) => object === planPageName(part.number));
      if (page === undefined) throw new LongshoreError("Damaged", `the plan of part ${part.number} is lost`);
      return {
        number: part.number,
        key: part.key,
        entries: receipt?.counts.entries ?? part.entries,
        files: part.files,
        content: part.content,
        startsInside: part.startsInside,
        endsInside: part.endsInside,
        settled: receipt?.settled ?? false,
        page,
      };
    });
  return {
    formatVersion,
    request: {
      formatVersion,
      name: run.name,
      owner: run.owner,
      source: run.source,
      startedAt: run.startedAt,
      options,
      ...(run.issuer === undefined ? undefined : { issuer: run.issuer }),
    },
    plannedAt: run.plannedAt,
    totals: { entries: totals.entries, files: totals.files, content: totals.content },
    parts,
  };
}

/** Makes damaged pages of the plan again by walking the source. Throws SourceChanged where it has become another. */
export async function mendPlanPages(work: ExportWork, plan: Plan, signal: AbortSignal): Promise<void> {
  const { destination, source, call, home } = work;
  const damaged: FileDigest[] = [];
  for (const { page } of plan.parts) if (!(await holdsObject(destination, page, signal))) damaged.push(page);
  if (damaged.length === 0) return;
  const scratch = await home.drivers.openDestination(joinLocation(call.location, "tmp/plan"), call.scratch);
  await scratch.prepare(signal);
  const format = await home.drivers.format(call.options.format);
  const { include, exclude, crossFileSystems } = call.options;
  const walked = source.walk(
    { include, exclude, crossFileSystems, hardLinks: format.hardLinks, scratch: call.scratch },
    signal,
  );
  const onPart = (): void => undefined;
  await writePlan(
    walked,
    { destination: scratch, format, options: call.options, clock: home.clock, onPart },
    signal,
  );
  for (const page of damaged) {
    if (!(await holdsObject(scratch, page, signal))) {
      throw new LongshoreError(
        "SourceChanged",
        `${page.object} in ${destination.location} is damaged and ${source.location} has changed since`,
      );
    }
    await destination.remove(page.object, signal);
    await destination.copyFrom?.(scratch, page.object, page.object, signal);
  }
}

/** Writes plan.json as it is made from a plan. */
export async function putPlan(destination: Destination, plan: Plan, signal: AbortSignal): Promise<void> {
  await destination.put(planName, documentBytes(plan), signal);
}
