/** The JobRunner port over Jobs of a cluster. It keeps nothing of its own: whoever runs it next sees the same Jobs. */
import { createChangeFeed } from "../../domain/change-feed.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { RecordEvent } from "../../domain/ports/event-recorder.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { ExportJob, JobObservation, JobRunner } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { createReportIntake, type ReportIntake } from "../reports/report-intake.ts";
import { createReportedProgress } from "../reports/reported-progress.ts";
import { createAdvance } from "./advance-jobs.ts";
import { endJobs } from "./end-jobs.ts";
import { createExportStart } from "./export-start.ts";
import { currentJob, endOf } from "./job-facts.ts";
import { knownJobs } from "./known-jobs.ts";
import { createOpenings } from "./openings.ts";
import { createRemovals } from "./remove-data.ts";
import { createWakeUps } from "./wake-ups.ts";
import { watchJobs } from "./watched-jobs.ts";
import type { WorkerSettings } from "./worker-job.ts";

export interface KubeJobRunnerOptions {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  /** Whose exports are looked after; all where there are none. */
  readonly namespaces: readonly string[];
  /** Where the Export of that uid lies, if it is known. */
  readonly namespaceOf: (exportUid: string) => string | undefined;
  /** Tells people of data that stays behind. */
  readonly record: RecordEvent;
  readonly clock: Clock;
  /** From 0 to 1, at random. */
  readonly random: () => number;
  /** Told of errors that nobody expected, and about what. */
  readonly onError: (error: unknown, about: string) => void;
}

/** Disposing it ends what watches and creates; Jobs go on. */
export interface KubeJobRunner extends JobRunner, AsyncDisposable {
  /** Where the progress goes that workers report; it is observed from then on. */
  readonly reports: ReportIntake;
}

/** Resolves when all Jobs are known. Throws what the API server answers to the first lists only when it is cancelled. */
export async function startKubeJobRunner(
  options: KubeJobRunnerOptions,
  signal: AbortSignal,
): Promise<KubeJobRunner> {
  const parts = partsOf(options);
  try {
    await parts.watched.ready(signal);
  } catch (error) {
    await parts.close();
    throw error;
  }
  return {
    ...exportsOf(parts),
    removeData: parts.removeData,
    changes: (calling) => parts.feed.follow(calling),
    reports: createReportIntake({
      workers: parts.watched,
      store: options.store,
      progress: parts.reported,
      onProgress: (uid) => parts.feed.announce(uid),
    }),
    [Symbol.asyncDispose]: parts.close,
  };
}

/** What the runner is made of, at work already. */
function partsOf(options: KubeJobRunnerOptions) {
  const { clock } = options;
  const stopped = new AbortController();
  const until = stopped.signal;
  const listeners: ((uid: string) => void)[] = [];
  const changed = (uid: string): void => {
    for (const listener of listeners) listener(uid);
  };
  const feed = createChangeFeed();
  const announce = (uid: string): void => feed.announce(uid);
  const wakeUps = createWakeUps(clock);
  const openings = createOpenings(options, until);
  const reported = createReportedProgress();
  const watched = watchJobs({ ...options, onChange: changed, reported });
  const known = knownJobs({ ...options, watched, wakeUps });
  const ends = endJobs({ ...options, known, wakeUps });
  const clear = (uid: string, calling: AbortSignal): Promise<void> => ends.clear(uid, calling);
  const isSuspended = (uid: string): boolean => known.decide(uid)?.observation.phase === "suspended";
  const starts = createExportStart({
    ...options,
    openings,
    onChange: changed,
    suspended: (uid) => (isSuspended(uid) ? currentJob(known.unforgotten(uid)) : undefined),
    clear,
    signal: until,
  });
  const advance = createAdvance({
    ...options,
    openings,
    decide: (uid) => (ends.isEnding(uid) ? undefined : known.decide(uid)),
    lookAgain: (uid, time) => wakeUps.at(uid, time, () => changed(uid)),
    onWaiting: announce,
    clear,
    seen: (made) => known.seen(made.metadata, until),
    signal: until,
  });
  const removeData = createRemovals({ ...options, watched, wakeUps, onChange: changed });
  listeners.push(
    announce,
    (uid) => wakeUps.touch(uid),
    (uid) => advance.look(uid),
  );
  const watching = watched.run(until);
  const close = async (): Promise<void> => {
    stopped.abort(new LongshoreError("ServerStopping", "the operator is being stopped"));
    wakeUps.close();
    await Promise.allSettled([watching, advance.settled()]);
  };
  return { feed, reported, watched, known, ends, starts, advance, removeData, changed, close, until };
}

type Attempts = Pick<JobRunner, "admits" | "start" | "observe" | "stop" | "suspend" | "forget">;

/** What is done with attempts at exports. */
function exportsOf(parts: ReturnType<typeof partsOf>): Attempts {
  const { known, ends, starts, advance, changed, until } = parts;
  const phaseOf = async (uid: string, signal: AbortSignal): Promise<JobObservation["phase"] | undefined> =>
    (await known.decideSurely(uid, signal))?.observation.phase;
  return {
    admits: async (job, signal) => {
      signal.throwIfAborted();
      until.throwIfAborted();
      return starts.admits(job, signal);
    },
    start: async (job, signal) => {
      signal.throwIfAborted();
      until.throwIfAborted();
      const current = starts.attemptOf(job.exportUid) ?? activeAttempt(job.exportUid);
      if (current === job.attempt) return;
      if (current !== undefined) throw notForgotten(job, current);
      const made = await starts.begin(job, signal);
      if (made !== undefined) await known.seen(made.metadata, signal);
      changed(job.exportUid);
    },
    observe: async (uid, signal) => {
      signal.throwIfAborted();
      const refused = starts.observationOf(uid);
      if (refused !== undefined) return refused;
      const { observation, create } = (await known.decideSurely(uid, signal)) ?? {};
      const waiting = create && advance.waitingOf(uid);
      return observation && waiting ? { ...observation, waiting } : observation;
    },
    stop: async (uid, signal) => {
      signal.throwIfAborted();
      starts.drop(uid);
      const phase = await phaseOf(uid, signal);
      if (phase !== undefined && phase !== "succeeded" && phase !== "failed") await ends.clear(uid, signal);
      changed(uid);
    },
    suspend: async (uid, signal) => {
      signal.throwIfAborted();
      starts.drop(uid);
      const phase = await phaseOf(uid, signal);
      if (phase === "queued" || phase === "running") await ends.suspend(uid, signal);
      changed(uid);
    },
    forget: async (uid, signal) => {
      signal.throwIfAborted();
      const phase = await phaseOf(uid, signal);
      if (phase !== "succeeded" && phase !== "failed") return;
      // A worker's last word comes before the end of its Job, which stays for its logs if it has one.
      const haveEnded = (): boolean => known.unforgotten(uid).every((job) => endOf(job) !== undefined);
      if (phase === "succeeded") await known.untilLate(uid, haveEnded, signal);
      await ends.retire(uid, signal);
      changed(uid);
    },
  };

  /** The attempt that was begun and is not suspended. */
  function activeAttempt(uid: string): number | undefined {
    const observation = known.decide(uid)?.observation;
    return observation?.phase === "suspended" ? undefined : observation?.attempt;
  }
}

const notForgotten = ({ name }: ExportJob, attempt: number): LongshoreError =>
  new LongshoreError("Conflict", `attempt ${attempt} at the export ${name} is not forgotten yet`);
