/** What a pool and its worker threads say to each other. */
import type { PackOutcome, PackProgress, PackTask } from "../domain/pack-task.ts";
import type { WorkerError } from "./worker-error.ts";

export type ToWorker = { readonly kind: "pack"; readonly task: PackTask } | { readonly kind: "stop" };

export type FromWorker =
  /** It can take another task, though the last part may not be safe yet. */
  | { readonly kind: "ready" }
  | { readonly kind: "safe"; readonly outcome: PackOutcome }
  | { readonly kind: "failed"; readonly number: number; readonly error: WorkerError }
  | { readonly kind: "progress"; readonly progress: PackProgress };
