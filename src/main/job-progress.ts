/** What a runner is told of the engine's work: its events added up, and its result. */
import { noProgress, type Reached } from "../domain/furthest-progress.ts";
import type { JobResult } from "../domain/ports/job-runner.ts";
import type { EngineEvent, ExportResult } from "../engine/exporting/export-call.ts";
import { countsOf } from "../engine/exporting/export-counts.ts";

export interface ProgressFollower {
  readonly progress: (report: Reached) => void;
  readonly notice: (message: string) => void;
}

/** Adds the engine's events up; the report that the follower is given is always the same object. */
export function followProgress(follower: ProgressFollower): (event: EngineEvent) => void {
  const progress = { ...noProgress.progress };
  const parts = { ...noProgress.parts };
  const report: Reached = { progress, parts };
  return (event) => {
    switch (event.kind) {
      case "notice":
        return follower.notice(event.message);
      case "planned":
        progress.plannedBytes += event.content;
        progress.plannedFiles += event.files;
        progress.plannedParts += event.parts;
        progress.planned = event.done;
        break;
      case "packed":
        progress.bytes += event.content;
        progress.files += event.files;
        break;
      case "part":
        parts.succeeded++;
        if (event.reused) parts.reused++;
    }
    follower.progress(report);
  };
}

export function jobResult({ manifest, manifestDigest }: ExportResult): JobResult {
  return { manifestDigest, ...countsOf(manifest) };
}
