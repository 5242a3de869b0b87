/** The job thread's side: does its one task until it is done or told to stop, and says how far it is. */
import { parentPort, workerData } from "node:worker_threads";
import { LongshoreError } from "../../domain/errors.ts";
import type { JobResult } from "../../domain/ports/job-runner.ts";
import { describeError } from "../worker-error.ts";
import type { Reached } from "../../domain/furthest-progress.ts";
import type { FromJob, JobTask, ToJob } from "./job-messages.ts";
import { createThrottle } from "./throttle.ts";

export interface JobReporter {
  /** Where the job is now; passed on a few times a second. */
  progress(report: Reached): void;
  notice(message: string): void;
}

/** Does the task; an export has a result. */
export type DoTask = (
  task: JobTask,
  reporter: JobReporter,
  signal: AbortSignal,
) => Promise<JobResult | undefined>;

const reportInterval = 250;

/** Serves the runner that started this thread. */
export function serveJob(run: DoTask): void {
  const stopped = new AbortController();
  let latest: Reached | undefined;
  const progress = createThrottle(reportInterval, () => {
    if (latest !== undefined) send({ kind: "progress", report: latest });
  });
  const reporter: JobReporter = {
    progress: (report) => {
      latest = report;
      progress.touch();
    },
    notice: (message) => send({ kind: "notice", message }),
  };
  parentPort?.on("message", (message: ToJob) => {
    switch (message.kind) {
      case "stop":
        stopped.abort(new LongshoreError("Interrupted", "the job was stopped"));
    }
  });
  // The module that calls this is to be evaluated whole before any of it is used.
  const done = Promise.resolve().then(() => run(workerData as JobTask, reporter, stopped.signal));
  done.then(
    (result) => end(result === undefined ? { kind: "succeeded" } : { kind: "succeeded", result }),
    (error: unknown) => end({ kind: "failed", error: describeError(error) }),
  );

  function end(message: FromJob): void {
    progress.cancel();
    if (latest !== undefined) send({ kind: "progress", report: latest });
    send(message);
    parentPort?.close();
  }
}

function send(message: FromJob): void {
  parentPort?.postMessage(message);
}
