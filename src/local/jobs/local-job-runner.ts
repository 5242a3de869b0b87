/** Runs exports in worker threads of this machine: so many at a time, the others in the order in which they came. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { LongshoreError } from "../../domain/errors.ts";
import { noProgress, type Reached } from "../../domain/furthest-progress.ts";
import type { ExportJob, JobObservation, JobResult, JobRunner } from "../../domain/ports/job-runner.ts";
import { createByteRate } from "./byte-rate.ts";
import { createChangeFeed } from "../../domain/change-feed.ts";
import type { JobTask } from "./job-messages.ts";
import { type JobEnd, type JobThread, startJobThread } from "./start-job-thread.ts";
import { createThrottle, type Throttle } from "./throttle.ts";

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

interface Attempt {
  readonly job: ExportJob;
  /** Tells followers of its progress. */
  readonly progress: Throttle;
  phase: Exclude<JobObservation["phase"], "suspended">;
  report: Reached;
  result?: JobResult;
  error?: NonNullable<JobObservation["error"]>;
  thread?: JobThread;
  /** Resolves when it has run and what became of it is settled. */
  finished?: Promise<void>;
  /** Resolves when nothing of it works any more, once somebody asked for that. */
  stopping?: Promise<void>;
}

const defaultGrace = 5000;
const progressInterval = 1000;

/** Throws ScratchFailed where the scratch folder can't be made anew. */
export async function startLocalJobRunner(options: LocalJobRunnerOptions): Promise<LocalJobRunner> {
  const { scratch, program, onNotice, onError, grace = defaultGrace } = options;
  const byteRate = options.bytesPerSecond === undefined ? undefined : createByteRate(options.bytesPerSecond);
  const attempts = new Map<string, Attempt>();
  const queue: Attempt[] = [];
  const changes = createChangeFeed();
  const removals = new Set<JobThread>();
  let running = 0;
  let isClosed = false;
  await makeScratch(scratch);

  return {
    start: async (job, signal) => {
      signal.throwIfAborted();
      refuseIfClosed();
      const known = attempts.get(job.exportUid);
      if (known?.job.attempt === job.attempt) return;
      if (known !== undefined)
        throw new LongshoreError(
          "Conflict",
          `attempt ${known.job.attempt} at the export ${job.name} is not forgotten yet`,
        );
      const announce = (): void => changes.announce(job.exportUid);
      const progress = createThrottle(progressInterval, announce);
      const attempt: Attempt = { job, progress, phase: "queued", report: noProgress };
      attempts.set(job.exportUid, attempt);
      queue.push(attempt);
      announce();
      startNext();
    },
    observe: async (exportUid, signal) => {
      signal.throwIfAborted();
      const attempt = attempts.get(exportUid);
      return attempt === undefined ? undefined : observationOf(attempt);
    },
    stop: endNow,
    // A thread keeps nothing that is not in the destination.
    suspend: endNow,
    forget: async (exportUid, signal) => {
      signal.throwIfAborted();
      const phase = attempts.get(exportUid)?.phase;
      if (phase === "succeeded" || phase === "failed") drop(exportUid);
    },
    removeData: async (place, signal) => {
      signal.throwIfAborted();
      refuseIfClosed();
      const thread = start({ kind: "remove", place }, place.owner);
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
      await Promise.all([...attempts.values()].map(stop));
      await Promise.all([...removals].map((thread) => thread.stop()));
    },
  };

  async function endNow(exportUid: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const attempt = attempts.get(exportUid);
    if (attempt === undefined) return;
    await unlessAborted(stop(attempt), signal);
  }

  function start(task: JobTask, exportUid: string, onReport: (report: Reached) => void = () => undefined) {
    return startJobThread({
      program,
      task,
      grace,
      onReport,
      onNotice: (message) => onNotice(exportUid, message),
    });
  }

  function startNext(): void {
    while (running < options.jobs) {
      const attempt = queue.shift();
      if (attempt === undefined) return;
      running++;
      attempt.finished = run(attempt).finally(() => {
        running--;
        startNext();
      });
    }
  }

  async function run(attempt: Attempt): Promise<void> {
    const { exportUid, workers } = attempt.job;
    const job = { ...attempt.job, workers: Math.min(workers ?? options.workers, options.workers) };
    const folder = join(scratch, exportUid);
    const { signKeyFile } = options;
    const sendingWorkers = workers === undefined ? options.sendingWorkers : undefined;
    attempt.phase = "running";
    const task: JobTask = { kind: "export", job, scratch: folder, byteRate, signKeyFile, sendingWorkers };
    try {
      attempt.thread = start(task, exportUid, (report) => {
        attempt.report = report;
        attempt.progress.touch();
      });
      changes.announce(exportUid);
      const end = await attempt.thread.ended;
      await removeScratch(folder).catch((error: unknown) => onError(error, `the scratch folder ${folder}`));
      settle(attempt, end);
    } catch (error) {
      settle(attempt, { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  /** An attempt that was stopped before its end is none: it was not a failure. */
  function settle(attempt: Attempt, end: JobEnd): void {
    const { exportUid } = attempt.job;
    attempt.progress.cancel();
    if (end.kind === "succeeded" && end.result !== undefined) {
      attempt.phase = "succeeded";
      attempt.result = end.result;
    } else if (attempt.stopping !== undefined) {
      return drop(exportUid);
    } else {
      attempt.phase = "failed";
      attempt.error = failureOf(end, exportUid);
    }
    changes.announce(exportUid);
  }

  function failureOf(end: JobEnd, exportUid: string): NonNullable<Attempt["error"]> {
    const error = end.kind === "failed" ? end.error : new Error("the thread of an export has no result");
    const isExpected = error instanceof LongshoreError;
    if (!isExpected || error.cause !== undefined) onError(error, `the attempt at the export ${exportUid}`);
    if (!isExpected) return { message: error.message };
    return { code: error.code, message: error.message, hint: error.hint };
  }

  /** Leaves what has ended as it is. */
  function stop(attempt: Attempt): Promise<void> {
    attempt.stopping ??= stopNow(attempt);
    return attempt.stopping;
  }

  async function stopNow(attempt: Attempt): Promise<void> {
    switch (attempt.phase) {
      case "succeeded":
      case "failed":
        return;
      case "queued":
        queue.splice(queue.indexOf(attempt), 1);
        return drop(attempt.job.exportUid);
      case "running":
        await attempt.thread?.stop();
        await attempt.finished;
    }
  }

  function drop(exportUid: string): void {
    attempts.delete(exportUid);
    changes.announce(exportUid);
  }

  function refuseIfClosed(): void {
    if (isClosed) throw new LongshoreError("ServerStopping", "the server is being stopped");
  }
}

function observationOf({ job, phase, report, result, error }: Attempt): JobObservation {
  return {
    attempt: job.attempt,
    phase,
    ...report,
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
  };
}

/** For nobody else to read: names of what is exported go there. */
async function makeScratch(folder: string): Promise<void> {
  await removeScratch(folder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LongshoreError("ScratchFailed", `the scratch folder ${folder} can't be made`, { cause });
  }
}

async function removeScratch(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (cause) {
    throw new LongshoreError("ScratchFailed", `the scratch folder ${folder} can't be removed`, { cause });
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const cancel = (): void => reject(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
