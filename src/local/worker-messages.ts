/** What a pool and its worker threads say to each other. */
import type { ErrorCode } from "../domain/errors.ts";
import type { PackOutcome, PackProgress, PackTask } from "../domain/pack-task.ts";

export type ToWorker = { readonly kind: "pack"; readonly task: PackTask } | { readonly kind: "stop" };

export type FromWorker =
  /** It can take another task, though the last part may not be safe yet. */
  | { readonly kind: "ready" }
  | { readonly kind: "safe"; readonly outcome: PackOutcome }
  | { readonly kind: "failed"; readonly number: number; readonly error: WorkerError }
  | { readonly kind: "progress"; readonly progress: PackProgress };

/** An error's way through a message; `code` is missing where it is not of the catalogue. */
export interface WorkerError {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
}
