/** What the manifests of an export's Jobs are made from. */
import type { ExportJob } from "../../domain/ports/job-runner.ts";
import type { ExportSpec } from "../../domain/resources/export.ts";

/** Places that a pod may have, by what it does with them. */
export type Role = "source" | "destination" | "previous";

export interface WorkerSettings {
  readonly image: string;
  readonly imagePullPolicy?: string | undefined;
  /** Where workers report how far they are; nowhere where it is undefined. */
  readonly reportUrl?: string | undefined;
}

/** One export's work, or the removal of what it prepared. */
export interface WorkerJob {
  /** The Export, which owns every Job. */
  readonly owner: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** Who its records in the destination name: the uids of cluster, namespace and Export. */
  readonly recordsOwner: string;
  /** Whole URLs of buckets, and pvc:// locations. A cleanup has a destination alone. */
  readonly locations: { readonly [R in Role]?: string | undefined };
  /** Names of the Secrets with the credentials of buckets. */
  readonly secrets: { readonly [R in Role]?: string | undefined };
  readonly workers: ExportSpec["workers"];
  /** Undefined of a cleanup. */
  readonly export?: Pick<ExportJob, "attempt" | "options" | "workers"> | undefined;
  /** The node that a claim is bound to by who uses it now. */
  readonly node?: string | undefined;
  /** That of the files of its claims, by who uses them now. */
  readonly seLinuxLevel?: string | undefined;
  /** Whether a claim can be used on one node at a time, so that all pods of a Job must be on the same. */
  readonly sharesNode: boolean;
}
