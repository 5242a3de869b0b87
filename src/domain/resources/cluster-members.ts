/** Members of a spec that only a cluster can give: one machine refuses them rather than leave them unheard. */
import { LongshoreError } from "../errors.ts";
import type { ExportDestinationSpec } from "./export-destination.ts";
import type { ExportSpec } from "./export.ts";
import { clusterOnlyWorkerMembers } from "./workers.ts";

/** Throws InvalidDocument, naming the first such member. */
export function refuseClusterMembers(spec: ExportSpec | ExportDestinationSpec): void {
  const member = "source" in spec ? ofExport(spec) : ofPlace("spec", spec);
  if (member === undefined) return;
  throw new LongshoreError("InvalidDocument", `${member} can only be had in a cluster`, {
    hint: "leave it out; one machine has directories and buckets, and reaches them as its operator says",
  });
}

const ofExport = ({ source, destination, workers }: ExportSpec): string | undefined =>
  ofPlace("spec.source", source) ?? ofPlace("spec.destination", destination) ?? ofWorkers(workers);

function ofPlace(where: string, { volume, bucket }: ExportDestinationSpec): string | undefined {
  if (volume !== undefined) return `${where}.volume`;
  return bucket?.credentialsSecretRef && `${where}.bucket.credentialsSecretRef`;
}

function ofWorkers(workers: ExportSpec["workers"]): string | undefined {
  const member = clusterOnlyWorkerMembers.find((name) => Object.hasOwn(workers, name));
  if (member !== undefined) return `spec.workers.${member}`;
  return workers.readAs === "Root" ? "spec.workers.readAs: Root" : undefined;
}
