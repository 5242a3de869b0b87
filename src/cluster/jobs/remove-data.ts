/** Removes prepared data by a Job with the worker's mounts. It ends in every case: what stays behind is told in an Event. */
import type { Clock } from "../../domain/ports/clock.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { OwnedPlace } from "../../domain/ports/job-runner.ts";
import { parseVolumeLocation } from "../../domain/volume-location.ts";
import type { KubeApi } from "../kube-api.ts";
import { createJob, isWaiting } from "./create-job.ts";
import { endOf, failureOf, podsOf, waitingOfJob } from "./decide-job.ts";
import { dataLeftBehind } from "./data-left-behind.ts";
import { jobManifest, jobName } from "./job-manifest.ts";
import { type Claim, claims, type Job, jobs } from "./objects.ts";
import type { Waiting } from "./pod-facts.ts";
import { prepareWorker } from "./prepare-worker.ts";
import type { WakeUps } from "./wake-ups.ts";
import type { WatchedJobs } from "./watched-jobs.ts";
import type { WorkerSettings } from "./worker-job.ts";

export interface RemoveHome {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly watched: WatchedJobs;
  readonly wakeUps: WakeUps;
  readonly onError: (error: unknown, about: string) => void;
}

/** Throws what the API server has against being asked at all, not what keeps the data from being removed. */
export async function removeData(place: OwnedPlace, home: RemoveHome, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const left = await leftBehind(place, home, signal);
  if (left !== undefined) await dataLeftBehind(place, left, home, signal);
}

/** Why the data stays, or undefined where it is gone. */
async function leftBehind(
  place: OwnedPlace,
  home: RemoveHome,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { api, settings, watched, wakeUps } = home;
  if (place.export === undefined) return "nobody says which Export it is of";
  const missing = await missingClaim(place, api, signal);
  if (missing !== undefined) return missing;
  const owner = { ...place.export, uid: place.owner };
  const asked = { owner, locations: { destination: place.location } };
  const prepared = await prepareWorker(asked, home, signal);
  if ("waiting" in prepared) return prepared.waiting.message;
  const made = await createJob(api, jobManifest(prepared.job, settings, "cleanup"), signal);
  if (isWaiting(made)) return made.message;
  const name = jobName({ exportUid: place.owner, stage: "cleanup", attempt: 0, run: 0 });
  const current = (): Job | undefined =>
    watched.jobsOf(place.owner).find((job) => job.metadata.name === name);
  const known = { seen: false, job: made };
  const hasCome = (): boolean => {
    const job = current();
    known.seen ||= job !== undefined;
    known.job = job ?? known.job;
    // Somebody may delete it.
    if (job === undefined) return known.seen;
    return endOf(job) !== undefined || isHopeless(job, watched, place.owner);
  };
  await wakeUps.until(place.owner, hasCome, () => undefined, signal);
  const left = outcomeOf(known.job, watched, place.owner);
  const { namespace, uid } = known.job.metadata;
  await api.delete(jobs, { namespace, name }, { uid, propagationPolicy: "Background" }, signal);
  return left;
}

function outcomeOf(job: Job, watched: WatchedJobs, uid: string): string | undefined {
  switch (endOf(job)) {
    case "Complete":
      return undefined;
    case "Failed":
      return failureOf(job, podsOf(job, { pods: watched.podsOf(uid) })).message;
    case undefined:
      return waitingIn(job, watched, uid)?.message ?? "the Job that was to remove it was deleted";
  }
}

function waitingIn(job: Job, watched: WatchedJobs, uid: string): Waiting | undefined {
  const pods = podsOf(job, { pods: watched.podsOf(uid) });
  return waitingOfJob(job, pods, watched.facts(uid).events);
}

/** A Secret that is gone does not come back because an Export goes; nothing else is given up before its deadline. */
function isHopeless(job: Job, watched: WatchedJobs, uid: string): boolean {
  const { reason, message = "" } = waitingIn(job, watched, uid) ?? {};
  return reason === "FailedMount" && /\bsecret "[^"]*" not found/.test(message);
}

/** Without its claim nobody can reach a volume, and a pod for it would wait for ever. */
async function missingClaim(
  { location }: OwnedPlace,
  api: KubeApi,
  signal: AbortSignal,
): Promise<string | undefined> {
  const volume = parseVolumeLocation(location);
  if (volume === undefined) return undefined;
  const { namespace, claim: name } = volume;
  const claim = await api.get<Claim>(claims, { namespace, name }, signal);
  if (claim === undefined) return `the claim ${name} is gone`;
  return claim.metadata.deletionTimestamp === undefined ? undefined : `the claim ${name} is being deleted`;
}
