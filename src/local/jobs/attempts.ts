/** The attempts at exports that a runner knows: waiting for their turn, running, or ended and not forgotten yet. */
import { LongshoreError } from "../../domain/errors.ts";
import { noProgress, type Reached } from "../../domain/furthest-progress.ts";
import type { ExportJob, JobObservation } from "../../domain/ports/job-runner.ts";
import type { AttemptEnd, RunningAttempt } from "./begin-attempt.ts";
import { createThrottle, type Throttle } from "./throttle.ts";

export interface AttemptsOptions {
  /** The most that run at the same time. */
  readonly most: number;
  readonly begin: (job: ExportJob, onReport: (report: Reached) => void) => RunningAttempt;
  /** Told the uid of the export whose observation changed, of progress about once a second. */
  readonly onChange: (exportUid: string) => void;
}

export interface Attempts {
  /** The same attempt again changes nothing; throws Conflict where another one at the export is not forgotten. */
  add(job: ExportJob): void;
  observe(exportUid: string): JobObservation | undefined;
  /** Resolves when nothing of it works any more. Leaves what has ended as it is; none is no error. */
  stop(exportUid: string): Promise<void>;
  stopAll(): Promise<void>;
  /** Forgets what has ended. */
  forget(exportUid: string): void;
}

interface Attempt {
  readonly job: ExportJob;
  /** Tells followers of its progress. */
  readonly progress: Throttle;
  report: Reached;
  state: AttemptState;
}

type AttemptState =
  | { readonly phase: "queued" }
  | {
      readonly phase: "running";
      readonly work: RunningAttempt;
      /** Resolves when its end is settled. */
      readonly settled: Promise<void>;
    }
  | Exclude<AttemptEnd, { phase: "stopped" }>;

const progressInterval = 1000;

export function createAttempts({ most, begin, onChange }: AttemptsOptions): Attempts {
  const attempts = new Map<string, Attempt>();
  const queue: Attempt[] = [];
  let running = 0;
  return {
    add: (job) => {
      const { exportUid } = job;
      const known = attempts.get(exportUid);
      if (known?.job.attempt === job.attempt) return;
      if (known !== undefined)
        throw new LongshoreError(
          "Conflict",
          `attempt ${known.job.attempt} at the export ${job.name} is not forgotten yet`,
        );
      const progress = createThrottle(progressInterval, () => onChange(exportUid));
      const attempt: Attempt = { job, progress, report: noProgress, state: { phase: "queued" } };
      attempts.set(exportUid, attempt);
      queue.push(attempt);
      onChange(exportUid);
      beginNext();
    },
    observe: (exportUid) => {
      const attempt = attempts.get(exportUid);
      return attempt === undefined ? undefined : observationOf(attempt);
    },
    stop: async (exportUid) => {
      const attempt = attempts.get(exportUid);
      if (attempt !== undefined) await stop(attempt);
    },
    stopAll: async () => {
      await Promise.all([...attempts.values()].map(stop));
    },
    forget: (exportUid) => {
      const phase = attempts.get(exportUid)?.state.phase;
      if (phase === "succeeded" || phase === "failed") drop(exportUid);
    },
  };

  function beginNext(): void {
    while (running < most) {
      const attempt = queue.shift();
      if (attempt === undefined) return;
      running++;
      const work = begin(attempt.job, (report) => {
        attempt.report = report;
        attempt.progress.touch();
      });
      const settled = work.ended.then((end) => settle(attempt, end));
      attempt.state = { phase: "running", work, settled };
      onChange(attempt.job.exportUid);
    }
  }

  function settle(attempt: Attempt, end: AttemptEnd): void {
    const { exportUid } = attempt.job;
    attempt.progress.cancel();
    if (end.phase === "stopped") {
      drop(exportUid);
    } else {
      attempt.state = end;
      onChange(exportUid);
    }
    running--;
    beginNext();
  }

  async function stop(attempt: Attempt): Promise<void> {
    const { job, state } = attempt;
    switch (state.phase) {
      case "succeeded":
      case "failed":
        return;
      case "queued":
        queue.splice(queue.indexOf(attempt), 1);
        return drop(job.exportUid);
      case "running":
        await state.work.stop();
        await state.settled;
    }
  }

  function drop(exportUid: string): void {
    attempts.delete(exportUid);
    onChange(exportUid);
  }
}

function observationOf({ job, report, state }: Attempt): JobObservation {
  const common = { attempt: job.attempt, phase: state.phase, ...report };
  switch (state.phase) {
    case "queued":
    case "running":
      return common;
    case "succeeded":
      return { ...common, result: state.result };
    case "failed":
      return { ...common, error: state.error };
  }
}
