/** Ends the work of an export: its Jobs are removed, suspended, or left for their logs. */
import type { KubeApi } from "../kube-api.ts";
import { works } from "./decide-job.ts";
import { currentJob, endOf } from "./job-facts.ts";
import type { KnownJobs } from "./known-jobs.ts";
import { type Job, jobs } from "./objects.ts";
import { lostAt } from "./pod-facts.ts";
import { removeJob } from "./remove-job.ts";
import { markSuspended } from "./resume-job.ts";
import { unlessGone } from "./unless-gone.ts";
import type { WakeUps } from "./wake-ups.ts";
import { labels } from "./worker-labels.ts";

export interface EndJobs {
  /** Removes all; resolves when nothing of them works. */
  clear(exportUid: string, signal: AbortSignal): Promise<void>;
  /** Suspends the last; resolves when nothing of it works. */
  suspend(exportUid: string, signal: AbortSignal): Promise<void>;
  /** Forgets all. What has ended stays for its logs; what never will is removed. */
  retire(exportUid: string, signal: AbortSignal): Promise<void>;
  /** Whether they are being removed or suspended: no other may be made meanwhile. */
  isEnding(exportUid: string): boolean;
}

export interface EndJobsOptions {
  readonly api: KubeApi;
  readonly known: KnownJobs;
  readonly wakeUps: WakeUps;
}

/** What has to happen to Jobs of an export until it has come about. */
interface Ending {
  readonly jobs: () => readonly Job[];
  readonly act: (job: Job, signal: AbortSignal) => Promise<unknown>;
  readonly isDone: () => boolean;
}

/** Seconds that an ended Job stays for its logs when its result stands in the Export. */
const keptSeconds = 600;

export function endJobs({ api, known, wakeUps }: EndJobsOptions): EndJobs {
  const ending = new Set<string>();
  const remove = (job: Job, signal: AbortSignal): Promise<void> => removeJob(api, job, signal);
  return {
    /** Nobody waits for the pods of a lost node longer than it takes to give them up. */
    clear: (uid, signal) => {
      const hasWork = (): boolean => {
        const facts = known.podFacts(uid);
        return known.unforgotten(uid).length > 0 || facts.pods.some((pod) => works(pod, facts));
      };
      const isDone = (): boolean => !hasWork();
      return settle(uid, { jobs: () => known.unforgotten(uid), act: remove, isDone }, signal);
    },
    suspend: (uid, signal) => {
      const current = (): readonly Job[] => {
        const job = currentJob(known.unforgotten(uid));
        return job === undefined || job.spec.suspend === true ? [] : [job];
      };
      const isDone = (): boolean => {
        const phase = known.decide(uid)?.observation.phase;
        return phase !== "queued" && phase !== "running";
      };
      const act = (job: Job): Promise<unknown> => markSuspended(api, job, true, signal);
      return settle(uid, { jobs: current, act, isDone }, signal);
    },
    retire: async (uid, signal) => {
      for (const job of known.unforgotten(uid))
        await (endOf(job) === undefined ? remove(job, signal) : forget(job, signal));
    },
    isEnding: (uid) => ending.has(uid),
  };

  /** Does something to each Job, also to one that was about to be made, until it is done. */
  async function settle(uid: string, { jobs: wanted, act, isDone }: Ending, signal: AbortSignal) {
    const handled = new Set<string>();
    const left = (): readonly Job[] => wanted().filter(({ metadata }) => !handled.has(metadata.uid ?? ""));
    ending.add(uid);
    try {
      while (!isDone()) {
        for (const job of left()) {
          await act(job, signal);
          handled.add(job.metadata.uid ?? "");
        }
        await wakeUps.until(
          uid,
          () => isDone() || left().length > 0,
          () => nextLoss(uid),
          signal,
        );
      }
    } finally {
      ending.delete(uid);
    }
  }

  /** When a pod has to be given up next, in milliseconds since 1970. */
  function nextLoss(uid: string): number | undefined {
    const { pods, nodeOf, now } = known.podFacts(uid);
    const times = pods.map((pod) => lostAt(pod, nodeOf(pod.spec.nodeName ?? "")));
    const ahead = times.filter((time) => time !== undefined && time > now) as number[];
    return ahead.length === 0 ? undefined : Math.min(...ahead);
  }

  async function forget({ metadata }: Job, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = metadata;
    const patch = {
      metadata: { uid, labels: { [labels.forgotten]: "true" } },
      spec: { ttlSecondsAfterFinished: keptSeconds },
    };
    const patched = await unlessGone(api.patch<Job>(jobs, { namespace, name }, patch, {}, signal));
    if (patched !== undefined) await known.seen(patched.metadata, signal);
  }
}
