/** What already lies at the location: nothing, an export to go on with, a finished one, or somebody else's data. */
import { manifestName, planName, requestName } from "../../domain/record-names.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { ExportRequest, Plan } from "../../domain/plan.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { allEnded } from "../all-ended.ts";
import { sha256 } from "../digest.ts";
import { parseDocument } from "../document.ts";
import { isWorkFile } from "./clean-up.ts";

export type FoundExport =
  | { readonly kind: "none" }
  | { readonly kind: "begun"; readonly request: ExportRequest }
  | { readonly kind: "planned"; readonly plan: Plan }
  | { readonly kind: "finished"; readonly manifest: Manifest; readonly manifestDigest: string };

/** An export whose request is settled: it stands in a record, and nothing but its maker changes it. */
export interface Begun {
  readonly request: ExportRequest;
  readonly found: FoundExport;
}

/** Throws LocationOccupied, NewerFormat, and Damaged where a record can't be read. */
export async function findExport(destination: Destination, signal: AbortSignal): Promise<FoundExport> {
  // Asked at once: far from a store, each answer takes a while. What is written in between is met at the list below.
  const [finished, planned, begun] = await allEnded(
    ([manifestName, planName, requestName] as const).map((name) => destination.get(name, signal)),
  );
  if (finished !== undefined) {
    const { Manifest } = await import("../../domain/manifest.ts");
    const manifest = parseDocument(Manifest, finished, `${manifestName} in ${destination.location}`);
    return { kind: "finished", manifest, manifestDigest: sha256(finished) };
  }
  if (planned !== undefined) {
    const { Plan } = await import("../../domain/plan.ts");
    return { kind: "planned", plan: parseDocument(Plan, planned, `${planName} in ${destination.location}`) };
  }
  if (begun !== undefined) {
    const { ExportRequest } = await import("../../domain/plan.ts");
    return {
      kind: "begun",
      request: parseDocument(ExportRequest, begun, `${requestName} in ${destination.location}`),
    };
  }
  for await (const object of destination.list("", signal)) {
    if (object.name === "lock" || isWorkFile(object.name)) continue;
    // Another process may have written its plan between our looks.
    if ((await destination.size(planName, signal)) !== undefined) return findExport(destination, signal);
    throw new LongshoreError("LocationOccupied", `${destination.location} holds other data (${object.name})`);
  }
  return { kind: "none" };
}
