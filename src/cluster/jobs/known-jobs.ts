/** What is known of an export's Jobs without asking, and what is asked where that does not say enough. */
import type { Clock } from "../../domain/ports/clock.ts";
import type { KubeApi, KubeObjectMeta } from "../kube-api.ts";
import { decideJob, type JobDecision, type JobFacts } from "./decide-job.ts";
import { stageOf } from "./job-facts.ts";
import { type Job, pods as podKind, type Pod } from "./objects.ts";
import type { WakeUps } from "./wake-ups.ts";
import type { WatchedJobs } from "./watched-jobs.ts";
import { labels } from "./worker-labels.ts";

export interface KnownJobs {
  /** Those whose result does not stand in the Export yet, and which are not being deleted. */
  unforgotten(exportUid: string): readonly Job[];
  decide(exportUid: string): JobDecision | undefined;
  /** An ended Job may be seen before the last words of its pods: those are asked for then. */
  decideSurely(exportUid: string, signal: AbortSignal): Promise<JobDecision | undefined>;
  podFacts(exportUid: string): Pick<JobFacts, "pods" | "nodeOf" | "now">;
  /** Resolves when the watch has brought back what was written. */
  seen(written: KubeObjectMeta, signal: AbortSignal): Promise<void>;
  /** Resolves when that holds, and where it takes longer than a write takes to come back by the watch. */
  untilLate(exportUid: string, holds: () => boolean, signal: AbortSignal): Promise<void>;
}

export interface KnownJobsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly watched: WatchedJobs;
  readonly wakeUps: WakeUps;
}

/** Milliseconds that a write may take to come back by the watch; later, what is decided from it is decided again. */
const longestLag = 10_000;

export function knownJobs({ api, clock, watched, wakeUps }: KnownJobsOptions): KnownJobs {
  const unforgotten = (uid: string): readonly Job[] =>
    watched
      .jobsOf(uid)
      .filter((job) => stageOf(job) !== "cleanup" && job.metadata.labels?.[labels.forgotten] === undefined)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const decideBy = (uid: string, pods: readonly Pod[]): JobDecision | undefined =>
    decideJob({ jobs: unforgotten(uid), pods, now: clock.now(), ...watched.facts(uid) });
  const decide = (uid: string): JobDecision | undefined => decideBy(uid, watched.podsOf(uid));
  const untilLate = (uid: string, holds: () => boolean, signal: AbortSignal): Promise<void> => {
    const latest = clock.now() + longestLag;
    const isOver = (): boolean => holds() || clock.now() >= latest;
    return wakeUps.until(uid, isOver, () => latest, signal);
  };
  return {
    unforgotten,
    decide,
    decideSurely: async (uid, signal) => {
      const [first] = unforgotten(uid);
      const known = decide(uid);
      if (first === undefined || known === undefined || !wantsWords(known)) return known;
      const { items } = await api.list<Pod>(
        podKind,
        { namespace: first.metadata.namespace, labelSelector: `${labels.exportUid}=${uid}` },
        signal,
      );
      return decideBy(uid, items);
    },
    podFacts: (uid) => ({
      pods: watched.podsOf(uid),
      nodeOf: watched.facts(uid).nodeOf,
      now: clock.now(),
    }),
    seen: (written, signal) => {
      const uid = written.labels?.[labels.exportUid] ?? "";
      return untilLate(uid, () => watched.hasSeen(written), signal);
    },
    untilLate,
  };
}

/** Whether it was decided from the end of a Job whose pods have not been heard. */
function wantsWords({ observation, create }: JobDecision): boolean {
  const { phase, error } = observation;
  return (create !== undefined && create.run > 0) || (phase === "failed" && error?.code === "WorkerLost");
}
