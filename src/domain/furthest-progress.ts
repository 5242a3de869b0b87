/** Progress that nobody sees going back: what is safe in the destination stays safe, whoever counts it anew. */
import type { JobObservation } from "./ports/job-runner.ts";

export type Reached = Pick<JobObservation, "progress" | "parts">;

/** The greater of each number of the two. */
export function furthest(a: Reached, b: Reached): Reached {
  return {
    progress: {
      plannedBytes: Math.max(a.progress.plannedBytes, b.progress.plannedBytes),
      plannedFiles: Math.max(a.progress.plannedFiles, b.progress.plannedFiles),
      plannedParts: Math.max(a.progress.plannedParts, b.progress.plannedParts),
      planned: a.progress.planned || b.progress.planned,
      bytes: Math.max(a.progress.bytes, b.progress.bytes),
      files: Math.max(a.progress.files, b.progress.files),
    },
    parts: {
      succeeded: Math.max(a.parts.succeeded, b.parts.succeeded),
      reused: Math.max(a.parts.reused, b.parts.reused),
    },
  };
}
