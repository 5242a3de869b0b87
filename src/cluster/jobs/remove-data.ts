/** Removes prepared data by a Job with the worker's mounts. It ends in every case: what stays behind is told in an Event. */
import type { Clock } from "../../domain/ports/clock.ts";
import type { RecordEvent } from "../../domain/ports/event-recorder.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { JobRunner, OwnedPlace, Waiting } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { createJob, isWaiting } from "./create-job.ts";
import { nextLook, type Removal, removalBy } from "./removal-by-job.ts";
import { endOf, podsOf } from "./job-facts.ts";
import { isGoing } from "./going-namespace.ts";
import { dataLeftBehind } from "./data-left-behind.ts";
import { cleanupSeconds, jobManifest, jobName } from "./job-manifest.ts";
import { missingClaim } from "./missing-claim.ts";
import type { Job } from "./objects.ts";
import { removeJob } from "./remove-job.ts";
import { prepareWorker } from "./prepare-worker.ts";
import type { WakeUps } from "./wake-ups.ts";
import type { WatchedJobs } from "./watched-jobs.ts";
import type { WorkerJob, WorkerSettings } from "./worker-job.ts";
import { labels as labelNames } from "./worker-labels.ts";

export interface RemoveHome {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly watched: WatchedJobs;
  readonly wakeUps: WakeUps;
  readonly record: RecordEvent;
  readonly onError: (error: unknown, about: string) => void;
  /** Asks for the removal to be looked at again. */
  readonly onChange: (exportUid: string) => void;
}

/** What this process knows of a removal that waits. */
interface Delay {
  /** When its Job was first not let in, in milliseconds since 1970. */
  readonly refusedSince?: number;
  readonly waiting: Waiting;
}

/** What it makes throws what the API server has against being asked at all, not what keeps the data from being removed. */
export function createRemovals(home: RemoveHome): JobRunner["removeData"] {
  const { api, settings, clock, watched, wakeUps, onChange } = home;
  const delays = new Map<string, Delay>();
  return async (place, signal) => {
    signal.throwIfAborted();
    const outcome = await removal(place, signal);
    if ("waiting" in outcome) return outcome.waiting;
    delays.delete(place.owner);
    if (outcome.left !== undefined) await dataLeftBehind(place, outcome.left, home, signal);
    return undefined;
  };

  async function removal(place: OwnedPlace, signal: AbortSignal): Promise<Removal> {
    if (place.export === undefined) return { left: "nobody says which Export it is of" };
    const begun = current(place.owner);
    const missing = await missingClaim(place.location, api, signal);
    if (missing !== undefined && begun !== undefined) await removeJob(api, begun, signal);
    if (missing !== undefined) return { left: `the claim ${missing.claim} is ${missing.is}` };
    const job = begun ?? (await begin({ ...place.export, uid: place.owner }, place, signal));
    return isWaiting(job)
      ? refused(place.export.namespace, place.owner, job, signal)
      : end(job, job === begun, signal);
  }

  function current(uid: string): Job | undefined {
    const name = jobName({ exportUid: uid, stage: "cleanup", attempt: 0, run: 0 });
    const job = watched.jobsOf(uid).find(({ metadata }) => metadata.name === name);
    return job?.metadata.deletionTimestamp === undefined ? job : undefined;
  }

  async function begin(
    owner: WorkerJob["owner"],
    { location }: OwnedPlace,
    signal: AbortSignal,
  ): Promise<Job | Waiting> {
    const prepared = await prepareWorker({ owner, locations: { destination: location } }, home, signal);
    if ("waiting" in prepared) return prepared.waiting;
    return createJob(api, jobManifest(prepared.job, settings, "cleanup"), signal);
  }

  /** Room may be made and a claim be let go: it is tried for as long as a Job would. A namespace that goes lets nothing in. */
  async function refused(
    namespace: string,
    uid: string,
    waiting: Waiting,
    signal: AbortSignal,
  ): Promise<Removal> {
    if (await isGoing(namespace, api, signal)) return { left: waiting.message };
    const now = clock.now();
    const since = delays.get(uid)?.refusedSince ?? now;
    const deadline = since + cleanupSeconds * 1000;
    if (now >= deadline) return { left: waiting.message };
    delays.set(uid, { refusedSince: since, waiting });
    const pause = Math.min(longestPause, Math.max(shortestPause, (now - since) / 2));
    wakeUps.at(uid, Math.min(now + pause, deadline), () => onChange(uid));
    return { waiting };
  }

  /** Resolves when the Job has ended or its time is over, or as soon as it is known that somebody may have to do something. */
  async function end(made: Job, isKnown: boolean, signal: AbortSignal): Promise<Removal> {
    const exportUid = made.metadata.labels?.[labelNames.exportUid] ?? "";
    // One that was known may be gone by now, and nobody will tell of it again.
    let isSeen = isKnown;
    let job = made;
    const look = (): Removal | undefined => {
      const there = current(exportUid);
      isSeen ||= there !== undefined;
      job = there ?? job;
      if (!isSeen) return undefined;
      // Somebody may delete it.
      if (there === undefined && endOf(job) === undefined)
        return { left: "the Job that was to remove it was deleted" };
      return removalBy({
        job,
        pods: podsOf(job, { pods: watched.podsOf(exportUid) }),
        events: watched.facts(exportUid).events,
        before: delays.get(exportUid)?.waiting,
        now: clock.now(),
      });
    };
    const next = (): number => nextLook(job, watched.podsOf(exportUid), clock.now());
    await wakeUps.until(exportUid, () => look() !== undefined, next, signal);
    const seen = look() ?? { left: undefined };
    if ("waiting" in seen) {
      delays.set(exportUid, seen);
      wakeUps.at(exportUid, next(), () => onChange(exportUid));
      return seen;
    }
    await removeJob(api, made, signal);
    return seen;
  }
}

/** Milliseconds between two tries of a Job that is not let in. */
const shortestPause = 5000;
const longestPause = 60_000;
