/** One attempt at an export in a thread of its own. */
import { LongshoreError } from "../../domain/errors.ts";
import type { Reached } from "../../domain/furthest-progress.ts";
import type { JobObservation, JobResult } from "../../domain/ports/job-runner.ts";
import type { JobTask } from "./job-messages.ts";
import { removeScratch } from "./scratch-folder.ts";
import { type JobThread, startJobThread } from "./start-job-thread.ts";

export type AttemptEnd =
  | { readonly phase: "succeeded"; readonly result: JobResult }
  | { readonly phase: "failed"; readonly error: NonNullable<JobObservation["error"]> }
  /** Somebody stopped it before its end, which is no failure. */
  | { readonly phase: "stopped" };

export interface RunningAttempt {
  /** Resolves when nothing of it works any more; never rejects. */
  readonly ended: Promise<AttemptEnd>;
  /** Asks it to end and resolves when its thread is gone. */
  stop(): Promise<void>;
}

export interface AttemptHome {
  readonly program: URL;
  /** Milliseconds to end by itself after it was asked to. */
  readonly grace: number;
  readonly onReport: (report: Reached) => void;
  readonly onNotice: (exportUid: string, message: string) => void;
  readonly onError: (error: unknown, about: string) => void;
}

export function beginAttempt(task: JobTask & { kind: "export" }, home: AttemptHome): RunningAttempt {
  const { program, grace, onReport, onNotice, onError } = home;
  const { exportUid } = task.job;
  const thread = startJobThread({
    program,
    task,
    grace,
    onReport,
    onNotice: (message) => onNotice(exportUid, message),
  });
  let stopping: Promise<void> | undefined;
  return { ended: ended(thread), stop: () => (stopping ??= thread.stop()) };

  async function ended({ ended: gone }: JobThread): Promise<AttemptEnd> {
    const end = await gone;
    await removeScratch(task.scratch).catch((error: unknown) =>
      onError(error, `the scratch folder ${task.scratch}`),
    );
    if (end.kind === "succeeded" && end.result !== undefined)
      return { phase: "succeeded", result: end.result };
    if (stopping !== undefined) return { phase: "stopped" };
    const error = end.kind === "failed" ? end.error : new Error("the thread of an export has no result");
    return { phase: "failed", error: told(error) };
  }

  function told(error: Error): NonNullable<JobObservation["error"]> {
    const isExpected = error instanceof LongshoreError;
    if (!isExpected || error.cause !== undefined) onError(error, `the attempt at the export ${exportUid}`);
    if (!isExpected) return { message: error.message };
    return { code: error.code, message: error.message, hint: error.hint };
  }
}
