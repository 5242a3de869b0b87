/** Progress that nobody sees going back: what is safe in the destination stays safe, whoever counts it anew. */
import type { ExportProgress } from "./resources/export.ts";

/** How far an attempt at an export is. */
export interface Reached {
  readonly progress: ExportProgress;
  readonly parts: { readonly succeeded: number; readonly reused: number };
}

export const noProgress: Reached = {
  progress: { plannedBytes: 0, plannedFiles: 0, plannedParts: 0, planned: false, bytes: 0, files: 0 },
  parts: { succeeded: 0, reused: 0 },
};

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
