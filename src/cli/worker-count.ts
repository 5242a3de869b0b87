/** How many threads pack. */
import { availableParallelism } from "node:os";

export interface WorkerCount {
  readonly workers: number;
  /** Where parts are sent into one object of a store. */
  readonly sendingWorkers: number;
}

/** As many as are asked for; else one for each processor, and two where they wait for a store for most of the time. */
export function workerCount(asked: number | undefined): WorkerCount {
  const processors = Math.min(availableParallelism(), 128);
  return { workers: asked ?? processors, sendingWorkers: asked ?? 2 * processors };
}
