/** Runs exports in worker threads of this machine: so many at a time, the others in the order in which they came. */
import { join } from "node:path";
import { createChangeFeed } from "../../domain/change-feed.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { ExportJob, JobRunner } from "../../domain/ports/job-runner.ts";
import { unlessAborted } from "../../domain/unless-aborted.ts";
import { createAttempts } from "./attempts.ts";
import { beginAttempt } from "./begin-attempt.ts";
import { createByteRate } from "./byte-rate.ts";
import type { JobTask } from "./job-messages.ts";
import { makeScratch } from "./scratch-folder.ts";
import { type JobThread, startJobThread } from "./start-job-thread.ts";

export interface LocalJobRunnerOptions {
  /** The module of a job's thread (src/main/export-job.ts). */
  readonly program: URL;
  /** Exports that are worked on at the same time. */
  readonly jobs: number;
  /** The most pack threads of one export. */
  readonly workers: number;
  /** The same for exports that say no number and send their parts into one object of a store; `workers` unless said. */
  readonly sendingWorkers?: number | undefined;
  /** What all exports together may read; no limit where it is undefined. */
  readonly bytesPerSecond: number | undefined;
  /** A folder of the runner's own for what does not fit in memory; what an earlier process left there goes. */
  readonly scratch: string;
  /** PEM of the Ed25519 key that signs statements of what is exported from now on. */
  readonly signKeyFile?: string | undefined;
  /** Milliseconds that a job has to end by itself; 5000 unless said. */
  readonly grace?: number | undefined;
  /** Told what an export has to say to a person, such as that a folder was left out. */
  readonly onNotice: (exportUid: string, message: string) => void;
  /** Told of errors that nobody expected; statuses say nothing of what is in them. */
  readonly onError: (error: unknown, about: string) => void;
}

/** Disposing it stops everything; what was made safe is gone on with by the next process. */
export type LocalJobRunner = JobRunner & AsyncDisposable;

const defaultGrace = 5000;

/** Throws ScratchFailed where the scratch folder can't be made anew. */
export async function startLocalJobRunner(options: LocalJobRunnerOptions): Promise<LocalJobRunner> {
  const { program, onNotice, onError, grace = defaultGrace } = options;
  const taskOf = tasksOf(options);
  const changes = createChangeFeed();
  const attempts = createAttempts({
    most: options.jobs,
    begin: (job, onReport) => beginAttempt(taskOf(job), { program, grace, onReport, onNotice, onError }),
    onChange: (exportUid) => changes.announce(exportUid),
  });
  const removals = new Set<JobThread>();
  let isClosed = false;
  await makeScratch(options.scratch);

  const refuseIfClosed = (): void => {
    if (isClosed) throw new LongshoreError("ServerStopping", "the server is being stopped");
  };
  const stop = async (exportUid: string, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    await unlessAborted(attempts.stop(exportUid), signal);
  };
  return {
    // What is too much for it waits in its queue.
    admits: async (_job, signal) => {
      signal.throwIfAborted();
      refuseIfClosed();
      return true;
    },
    start: async (job, signal) => {
      signal.throwIfAborted();
      refuseIfClosed();
      attempts.add(job);
    },
    observe: async (exportUid, signal) => {
      signal.throwIfAborted();
      return attempts.observe(exportUid);
    },
    stop,
    // A thread keeps nothing that is not in the destination.
    suspend: stop,
    forget: async (exportUid, signal) => {
      signal.throwIfAborted();
      attempts.forget(exportUid);
    },
    removeData: async (place, signal) => {
      signal.throwIfAborted();
      refuseIfClosed();
      const thread = startJobThread({
        program,
        task: { kind: "remove", place },
        grace,
        onReport: () => undefined,
        onNotice: (message) => onNotice(place.owner, message),
      });
      removals.add(thread);
      try {
        const end = await unlessAborted(thread.ended, signal);
        if (end.kind === "failed") throw end.error;
        return undefined;
      } finally {
        await thread.stop();
        removals.delete(thread);
      }
    },
    changes: (signal) => changes.follow(signal),
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      await attempts.stopAll();
      await Promise.all([...removals].map((thread) => thread.stop()));
    },
  };
}

/** What the threads of exports are told, by their jobs. */
function tasksOf(
  options: LocalJobRunnerOptions,
): (job: ExportJob) => Extract<JobTask, { readonly kind: "export" }> {
  const { bytesPerSecond, scratch, signKeyFile } = options;
  const byteRate = bytesPerSecond === undefined ? undefined : createByteRate(bytesPerSecond);
  return (job) => ({
    kind: "export",
    job: { ...job, workers: Math.min(job.workers ?? options.workers, options.workers) },
    sendingWorkers: job.workers === undefined ? options.sendingWorkers : undefined,
    scratch: join(scratch, job.exportUid),
    byteRate,
    signKeyFile,
  });
}
