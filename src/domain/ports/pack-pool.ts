/** The port of workers that pack parts. */
import type { PackJob, PackOutcome, PackProgress, PackTask } from "../pack-task.ts";

/** Workers that make parts safe: threads of one machine, or pods. Disposing it stops them. */
export interface PackPool extends AsyncDisposable {
  /** Waits for a free worker and for the part to be safe. Cancelling it gives the task up, not the others. */
  pack(task: PackTask, signal: AbortSignal): Promise<PackOutcome>;
}

export interface PackPoolOptions {
  readonly job: PackJob;
  readonly workers: number;
  /** Of them that begin before there is work for them: all unless said. */
  readonly workersAtOnce?: number | undefined;
  readonly onProgress: (progress: PackProgress) => void;
}

export type StartPackPool = (options: PackPoolOptions) => PackPool;
