/** The runner's side of a job's thread: starts it, hears how it goes, and makes sure that it ends. */
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { LongshoreError } from "../../domain/errors.ts";
import type { JobResult } from "../../domain/ports/job-runner.ts";
import { restoreError } from "../worker-error.ts";
import type { Reached } from "../../domain/furthest-progress.ts";
import type { FromJob, JobTask, ToJob } from "./job-messages.ts";

export interface JobThread {
  /** Resolves when the thread, and every thread that it started, is gone. */
  readonly ended: Promise<JobEnd>;
  /** Asks it to end, ends it by force where it takes longer than the grace, and resolves when it is gone. */
  stop(): Promise<void>;
}

export type JobEnd =
  | { readonly kind: "succeeded"; readonly result?: JobResult }
  /** Of the catalogue, unless nobody expected it. */
  | { readonly kind: "failed"; readonly error: Error };

export interface JobThreadOptions {
  /** The module of the thread, which calls `serveJob`. */
  readonly program: URL;
  readonly task: JobTask;
  /** Milliseconds to end by itself after it was asked to. */
  readonly grace: number;
  readonly onReport: (report: Reached) => void;
  readonly onNotice: (message: string) => void;
}

/** A thread that can't be started has failed. */
export function startJobThread(options: JobThreadOptions): JobThread {
  try {
    return followThread(new Worker(options.program, { workerData: options.task }), options);
  } catch (error) {
    return { ended: Promise.resolve(lost(error)), stop: async () => undefined };
  }
}

function followThread(worker: Worker, options: JobThreadOptions): JobThread {
  const { promise: ended, resolve } = Promise.withResolvers<JobEnd>();
  let end: JobEnd | undefined;
  worker.on("message", (message: FromJob) => {
    switch (message.kind) {
      case "progress":
        return options.onReport(message.report);
      case "notice":
        return options.onNotice(message.message);
      case "succeeded":
        end ??= message;
        break;
      case "failed":
        end ??= { kind: "failed", error: restoreError(message.error) };
    }
    // It has said its last word; a handle that somebody forgot must not keep it.
    void worker.terminate();
  });
  worker.on("error", (cause) => {
    end ??= lost(cause);
  });
  // Node ends and joins the threads that a thread started before it lets that one go.
  worker.on("exit", (code) => resolve(end ?? lost(new Error(`it ended with ${code}`))));
  return {
    ended,
    stop: async () => {
      worker.postMessage({ kind: "stop" } satisfies ToJob);
      const waited = new AbortController();
      const late = setTimeout(options.grace, undefined, { signal: waited.signal }).catch(() => undefined);
      await Promise.race([ended, late]);
      waited.abort();
      await worker.terminate();
      await ended;
    },
  };
}

function lost(cause: unknown): JobEnd {
  const error = new LongshoreError("WorkerLost", "the thread of this job ended without a word", { cause });
  return { kind: "failed", error };
}
