/** The JobRunner port over Jobs of a cluster. It keeps nothing of its own: whoever runs it next sees the same Jobs. */
import { createChangeFeed } from "../../domain/change-feed.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { RecordEvent } from "../../domain/ports/event-recorder.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { ExportJob, JobRunner } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { createReportIntake, type ReportIntake } from "../reports/report-intake.ts";
import { createReportedProgress } from "../reports/reported-progress.ts";
import { createAdvance } from "./advance-jobs.ts";
import { currentJob, decideJob, endOf, type JobDecision, stageOf, works } from "./decide-job.ts";
import { createExportStart } from "./export-start.ts";
import { lostAt } from "./pod-facts.ts";
import { type Job, jobs, pods as podKind, type Pod } from "./objects.ts";
import { createRemovals } from "./remove-data.ts";
import { markSuspended } from "./resume-job.ts";
import { unlessGone } from "./unless-gone.ts";
import { createWakeUps } from "./wake-ups.ts";
import { watchJobs } from "./watched-jobs.ts";
import type { WorkerSettings } from "./worker-job.ts";
import { labels } from "./worker-labels.ts";

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

/** Seconds that an ended Job stays for its logs when its result stands in the Export. */
const keptSeconds = 600;
/** Milliseconds that a write may take to come back by the watch; later, what is decided from it is decided again. */
const longestLag = 10_000;

/** Resolves when all Jobs are known. Throws what the API server answers to the first lists only when it is cancelled. */
export async function startKubeJobRunner(
  options: KubeJobRunnerOptions,
  signal: AbortSignal,
): Promise<KubeJobRunner> {
  const { api, clock } = options;
  const feed = createChangeFeed();
  const stopped = new AbortController();
  const wakeUps = createWakeUps(clock);
  const changed = (uid: string): void => {
    feed.announce(uid);
    wakeUps.touch(uid);
    advance.look(uid);
  };
  const reported = createReportedProgress();
  const watched = watchJobs({ ...options, onChange: changed, reported });
  const starts = createExportStart({
    ...options,
    onChange: changed,
    suspended: (uid) => (isSuspended(uid) ? currentJob(unforgotten(uid)) : undefined),
    clear,
    signal: stopped.signal,
  });
  const removeData = createRemovals({
    ...options,
    watched,
    wakeUps,
    isUntouched: (uid) => starts.isUntouched(uid),
    onChange: changed,
  });
  const stopping = new Set<string>();
  const advance = createAdvance({
    ...options,
    decide: (uid) => (stopping.has(uid) ? undefined : decide(uid, watched.podsOf(uid))),
    lookAgain: (uid, time) => wakeUps.at(uid, time, () => changed(uid)),
    clear,
    seen: (made) => seen(made, stopped.signal),
    signal: stopped.signal,
  });
  const watching = watched.run(stopped.signal);
  const close = async (): Promise<void> => {
    stopped.abort(new LongshoreError("ServerStopping", "the operator is being stopped"));
    wakeUps.close();
    await Promise.allSettled([watching, advance.settled()]);
  };
  try {
    await watched.ready(signal);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    start: async (job, calling) => {
      calling.throwIfAborted();
      stopped.signal.throwIfAborted();
      const current = starts.attemptOf(job.exportUid) ?? activeAttempt(job.exportUid);
      if (current === job.attempt) return;
      if (current !== undefined) throw notForgotten(job, current);
      const made = await starts.begin(job, calling);
      if (made !== undefined) await seen(made, calling);
      changed(job.exportUid);
    },
    observe: async (uid, calling) => {
      calling.throwIfAborted();
      return starts.observationOf(uid) ?? (await decideSurely(uid, calling))?.observation;
    },
    stop: async (uid, calling) => {
      calling.throwIfAborted();
      starts.drop(uid);
      const phase = (await decideSurely(uid, calling))?.observation.phase;
      if (phase !== undefined && phase !== "succeeded" && phase !== "failed") await clear(uid, calling);
      changed(uid);
    },
    suspend: async (uid, calling) => {
      calling.throwIfAborted();
      starts.drop(uid);
      const phase = (await decideSurely(uid, calling))?.observation.phase;
      if (phase === "queued" || phase === "running") await suspend(uid, calling);
      changed(uid);
    },
    forget: async (uid, calling) => {
      calling.throwIfAborted();
      const phase = (await decideSurely(uid, calling))?.observation.phase;
      if (phase !== "succeeded" && phase !== "failed") return;
      // A worker's last word comes before the end of its Job, which stays for its logs if it has one.
      const haveEnded = (): boolean => unforgotten(uid).every((job) => endOf(job) !== undefined);
      if (phase === "succeeded") await untilLate(uid, haveEnded, calling);
      for (const job of unforgotten(uid)) await retire(job, calling);
      changed(uid);
    },
    removeData,
    changes: (calling) => feed.follow(calling),
    reports: createReportIntake({
      workers: watched,
      store: options.store,
      progress: reported,
      onProgress: (uid) => feed.announce(uid),
    }),
    [Symbol.asyncDispose]: close,
  };

  function unforgotten(uid: string): readonly Job[] {
    return watched
      .jobsOf(uid)
      .filter((job) => stageOf(job) !== "cleanup" && job.metadata.labels?.[labels.forgotten] === undefined)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  function decide(uid: string, pods: readonly Pod[]): JobDecision | undefined {
    return decideJob({ jobs: unforgotten(uid), pods, now: clock.now(), ...watched.facts(uid) });
  }

  function decideNow(uid: string): JobDecision | undefined {
    return decide(uid, watched.podsOf(uid));
  }

  /** An ended Job may be seen before the last words of its pods: those are asked for then. */
  async function decideSurely(uid: string, calling: AbortSignal): Promise<JobDecision | undefined> {
    const [first] = unforgotten(uid);
    const known = decideNow(uid);
    if (first === undefined || known === undefined || !wantsWords(known)) return known;
    const { items } = await api.list<Pod>(
      podKind,
      { namespace: first.metadata.namespace, labelSelector: `${labels.exportUid}=${uid}` },
      calling,
    );
    return decide(uid, items);
  }

  /** The attempt that was begun and is not suspended. */
  function activeAttempt(uid: string): number | undefined {
    const known = decideNow(uid)?.observation;
    return known?.phase === "suspended" ? undefined : known?.attempt;
  }

  function isSuspended(uid: string): boolean {
    return decideNow(uid)?.observation.phase === "suspended";
  }

  /** Nothing waits for the pods of a lost node longer than it takes to give them up. */
  function clear(uid: string, calling: AbortSignal): Promise<void> {
    const hasWork = (): boolean => {
      const facts = { ...watched.facts(uid), now: clock.now() };
      return unforgotten(uid).length > 0 || watched.podsOf(uid).some((pod) => works(pod, facts));
    };
    return settle(uid, { jobs: () => unforgotten(uid), act: remove, isDone: () => !hasWork() }, calling);
  }

  function suspend(uid: string, calling: AbortSignal): Promise<void> {
    const current = (): readonly Job[] => {
      const job = currentJob(unforgotten(uid));
      return job === undefined || job.spec.suspend === true ? [] : [job];
    };
    const isDone = (): boolean => {
      const phase = decideNow(uid)?.observation.phase;
      return phase !== "queued" && phase !== "running";
    };
    const act = async (job: Job): Promise<void> => void (await markSuspended(api, job, true, calling));
    return settle(uid, { jobs: current, act, isDone }, calling);
  }

  /** Does something to each Job, also to one that was about to be made, until it is done. No other is made meanwhile. */
  async function settle(uid: string, { jobs: wanted, act, isDone }: Settling, calling: AbortSignal) {
    const handled = new Set<string>();
    const left = (): readonly Job[] => wanted().filter(({ metadata }) => !handled.has(metadata.uid ?? ""));
    stopping.add(uid);
    try {
      while (!isDone()) {
        for (const job of left()) {
          await act(job, calling);
          handled.add(job.metadata.uid ?? "");
        }
        await wakeUps.until(uid, () => isDone() || left().length > 0, nextLoss(uid), calling);
      }
    } finally {
      stopping.delete(uid);
    }
  }

  function nextLoss(uid: string): () => number | undefined {
    return () => {
      const { nodeOf } = watched.facts(uid);
      const times = watched.podsOf(uid).map((pod) => lostAt(pod, nodeOf(pod.spec.nodeName ?? "")));
      const ahead = times.filter((time) => time !== undefined && time > clock.now()) as number[];
      return ahead.length === 0 ? undefined : Math.min(...ahead);
    };
  }

  async function remove({ metadata }: Job, calling: AbortSignal): Promise<void> {
    const { namespace, name, uid } = metadata;
    await api.delete(jobs, { namespace, name }, { uid, propagationPolicy: "Background" }, calling);
  }

  /** What has ended stays for its logs; what never will is removed. */
  async function retire(job: Job, calling: AbortSignal): Promise<void> {
    if (endOf(job) === undefined) return remove(job, calling);
    const patch = {
      metadata: { uid: job.metadata.uid, labels: { [labels.forgotten]: "true" } },
      spec: { ttlSecondsAfterFinished: keptSeconds },
    };
    const { namespace, name } = job.metadata;
    const patched = await unlessGone(api.patch<Job>(jobs, { namespace, name }, patch, {}, calling));
    if (patched !== undefined) await seen(patched, calling);
  }

  /** Resolves when the watch has brought back what was written. */
  async function seen({ metadata }: Job, calling: AbortSignal): Promise<void> {
    const uid = metadata.labels?.[labels.exportUid] ?? "";
    await untilLate(uid, () => watched.hasSeen(metadata), calling);
  }

  function untilLate(uid: string, holds: () => boolean, calling: AbortSignal): Promise<void> {
    const latest = clock.now() + longestLag;
    const isOver = (): boolean => holds() || clock.now() >= latest;
    return wakeUps.until(uid, isOver, () => latest, calling);
  }
}

/** What has to happen to Jobs of an export until it has come about. */
interface Settling {
  readonly jobs: () => readonly Job[];
  readonly act: (job: Job, signal: AbortSignal) => Promise<void>;
  readonly isDone: () => boolean;
}

/** Whether it was decided from the end of a Job whose pods have not been heard. */
function wantsWords({ observation, create }: JobDecision): boolean {
  const { phase, error } = observation;
  return (create !== undefined && create.run > 0) || (phase === "failed" && error?.code === "WorkerLost");
}

const notForgotten = ({ name }: ExportJob, attempt: number): LongshoreError =>
  new LongshoreError("Conflict", `attempt ${attempt} at the export ${name} is not forgotten yet`);
