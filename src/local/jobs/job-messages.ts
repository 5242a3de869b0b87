/** What a runner and the thread of a job say to each other. */
import type { Reached } from "../../domain/furthest-progress.ts";
import type { ExportJob, JobResult, OwnedPlace } from "../../domain/ports/job-runner.ts";
import type { WorkerError } from "../worker-error.ts";

/** What a job's thread is for. */
export type JobTask =
  | {
      readonly kind: "export";
      readonly job: ExportJob & { readonly workers: number };
      readonly sendingWorkers: number | undefined;
      /** A folder of this attempt for what does not fit in memory; it need not exist. */
      readonly scratch: string;
      /** What all pack threads keep to together (byte-rate.ts). */
      readonly byteRate: SharedArrayBuffer | undefined;
      /** PEM of the Ed25519 key that signs statements. */
      readonly signKeyFile: string | undefined;
    }
  | { readonly kind: "remove"; readonly place: OwnedPlace };

export type ToJob = { readonly kind: "stop" };

export type FromJob =
  | { readonly kind: "progress"; readonly report: Reached }
  /** Something a person should know, in one sentence. */
  | { readonly kind: "notice"; readonly message: string }
  /** The last message: nothing of the job works any more. An export has a result. */
  | { readonly kind: "succeeded"; readonly result?: JobResult }
  | { readonly kind: "failed"; readonly error: WorkerError };
