/** The JobRunner port over Jobs of a cluster. It keeps nothing of its own: whoever runs it next sees the same Jobs. */
import { createChangeFeed } from "../../domain/change-feed.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { ExportJob, JobRunner } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { createAdvance } from "./advance-jobs.ts";
import { decideJob, endOf, type JobDecision, stageOf } from "./decide-job.ts";
import { createExportStart } from "./export-start.ts";
import { hasEnded, lostAt } from "./pod-facts.ts";
import { type Job, jobs, pods as podKind, type Pod } from "./objects.ts";
import { removeData } from "./remove-data.ts";
import { createWakeUps } from "./wake-ups.ts";
import { watchJobs } from "./watched-jobs.ts";
import type { WorkerSettings } from "./worker-job.ts";
import { labels } from "./worker-labels.ts";

export interface KubeJobRunnerOptions {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  /** From 0 to 1, at random. */
  readonly random: () => number;
  /** Told of errors that nobody expected, and about what. */
  readonly onError: (error: unknown, about: string) => void;
}

/** Disposing it ends what watches and creates; Jobs go on. */
export type KubeJobRunner = JobRunner & AsyncDisposable;

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
  const watched = watchJobs({ ...options, onChange: changed });
  const starts = createExportStart({ ...options, onChange: changed, signal: stopped.signal });
  const stopping = new Set<string>();
  const advance = createAdvance({
    ...options,
    decide: (uid) => (stopping.has(uid) ? undefined : decide(uid, watched.podsOf(uid))),
    lookAgain: (uid, time) => wakeUps.at(uid, time, () => changed(uid)),
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
      const current = starts.attemptOf(job.exportUid) ?? decideNow(job.exportUid)?.observation.attempt;
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
      if (phase === undefined || phase === "succeeded" || phase === "failed") return changed(uid);
      stopping.add(uid);
      try {
        for (const job of unforgotten(uid)) await remove(job, calling);
        await wakeUps.until(uid, () => isAtRest(uid), nextLoss(uid), calling);
      } finally {
        stopping.delete(uid);
      }
      changed(uid);
    },
    forget: async (uid, calling) => {
      calling.throwIfAborted();
      const phase = (await decideSurely(uid, calling))?.observation.phase;
      if (phase !== "succeeded" && phase !== "failed") return;
      for (const job of unforgotten(uid)) await retire(job, calling);
      changed(uid);
    },
    removeData: (place, calling) => removeData(place, { ...options, watched, wakeUps }, calling),
    changes: (calling) => feed.follow(calling),
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

  /** Pods of a lost node are there for ever, and nothing waits for them longer than it takes to give them up. */
  function isAtRest(uid: string): boolean {
    const now = clock.now();
    const works = (pod: Pod): boolean => {
      const lost = lostAt(pod, watched.facts(uid).nodeOf(pod.spec.nodeName ?? ""));
      return !hasEnded(pod) && (lost === undefined || lost > now);
    };
    return unforgotten(uid).length === 0 && !watched.podsOf(uid).some(works);
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
    try {
      await seen(await api.patch<Job>(jobs, { namespace, name }, patch, {}, calling), calling);
    } catch (error) {
      const isGone =
        error instanceof LongshoreError && (error.code === "ResourceNotFound" || error.code === "Conflict");
      if (!isGone) throw error;
    }
  }

  /** Resolves when the watch has brought back what was written. */
  async function seen({ metadata }: Job, calling: AbortSignal): Promise<void> {
    const uid = metadata.labels?.[labels.exportUid] ?? "";
    const isThere = (): boolean => watched.hasSeen(metadata);
    const latest = clock.now() + longestLag;
    await wakeUps.until(
      uid,
      () => isThere() || clock.now() >= latest,
      () => latest,
      calling,
    );
  }
}

/** Whether it was decided from the end of a Job whose pods have not been heard. */
function wantsWords({ observation, create }: JobDecision): boolean {
  const { phase, error } = observation;
  return (create !== undefined && create.run > 0) || (phase === "failed" && error?.code === "WorkerLost");
}

const notForgotten = ({ name }: ExportJob, attempt: number): LongshoreError =>
  new LongshoreError("Conflict", `attempt ${attempt} at the export ${name} is not forgotten yet`);
