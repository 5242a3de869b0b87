/** Begins exports: creates their first Job, and tries again where the cluster does not let it in yet. */
import { noProgress } from "../../domain/furthest-progress.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { ExportJob, JobObservation, Waiting } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { createJob, isWaiting, tryJob } from "./create-job.ts";
import { jobManifest } from "./job-manifest.ts";
import { runOf, stageOf } from "./job-facts.ts";
import { missingClaim } from "./missing-claim.ts";
import type { Job } from "./objects.ts";
import type { Openings } from "./openings.ts";
import { prepareWorker } from "./prepare-worker.ts";
import { resumeJob } from "./resume-job.ts";
import { createRetries } from "./retries.ts";
import type { WorkerJob, WorkerSettings } from "./worker-job.ts";

export interface ExportStart {
  /** Whether the first Job would be let in. Where it is not, `observationOf` says why until that may have changed. */
  admits(job: ExportJob, signal: AbortSignal): Promise<boolean>;
  /**
   * The first Job, or the one that was suspended; undefined where it is not let in, which `observationOf` says why, and which
   * is tried again.
   */
  begin(job: ExportJob, signal: AbortSignal): Promise<Job | undefined>;
  /** Of an export that is not let in. */
  observationOf(exportUid: string): JobObservation | undefined;
  attemptOf(exportUid: string): number | undefined;
  /** Tries no more. */
  drop(exportUid: string): void;
}

interface Wish {
  readonly job: ExportJob;
  /** Whether it is only to be found out that it would be let in. */
  readonly isTrial: boolean;
}

/** With what was made of it, where it is no trial. */
type LetIn = { readonly made?: Job };

interface Refused extends Wish {
  waiting: Waiting;
  /** Ends that it is tried again. */
  readonly over: AbortController;
}

export interface ExportStartOptions {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  readonly openings: Openings;
  readonly random: () => number;
  readonly onError: (error: unknown, about: string) => void;
  readonly onChange: (exportUid: string) => void;
  /** The last Job of an export that is suspended. */
  readonly suspended: (exportUid: string) => Job | undefined;
  /** Removes all Jobs of an export; resolves when nothing of them works. */
  readonly clear: (exportUid: string, signal: AbortSignal) => Promise<void>;
  /** Ends what is tried again. */
  readonly signal: AbortSignal;
}

/** For what nobody tells us: admission policies and webhooks may think otherwise at any time. */
const backOff = { first: 5000, longest: 300_000 };

export function createExportStart(options: ExportStartOptions): ExportStart {
  const { api, settings, onError, onChange, signal: ended } = options;
  const refused = new Map<string, Refused>();
  return {
    admits: async (job, signal) => (await begin({ job, isTrial: true }, signal)) !== undefined,
    begin: async (job, signal) => (await begin({ job, isTrial: false }, signal))?.made,
    observationOf: (uid) => {
      const known = refused.get(uid);
      return known && { ...noProgress, phase: "queued", attempt: known.job.attempt, waiting: known.waiting };
    },
    attemptOf: (uid) => refused.get(uid)?.job.attempt,
    drop,
  };

  /** Undefined where it is not let in, and tried again. */
  async function begin(wish: Wish, signal: AbortSignal): Promise<LetIn | undefined> {
    const outcome = await attempt(wish, signal);
    const uid = wish.job.exportUid;
    drop(uid);
    if (!isWaiting(outcome)) return outcome;
    const one = { ...wish, waiting: outcome, over: new AbortController() };
    refused.set(uid, one);
    void tryAgain(one);
    return undefined;
  }

  /** Until it is let in, or dropped. Throws nothing. */
  async function tryAgain(one: Refused): Promise<void> {
    const { job, over } = one;
    const until = AbortSignal.any([ended, over.signal]);
    using retries = createRetries(job.namespace, { ...options, backOff }, until);
    for (;;) {
      await retries.next(one.waiting);
      if (until.aborted) return;
      const waiting = await stillWaiting(one);
      if (ended.aborted) return;
      if (waiting !== undefined) one.waiting = waiting;
      else if (!over.signal.aborted) drop(job.exportUid);
      onChange(job.exportUid);
    }
  }

  /** Undefined where it is let in; and where it fails, as the controller begins it anew, and what is wrong comes out there. */
  async function stillWaiting(wish: Wish): Promise<Waiting | undefined> {
    const { namespace, name } = wish.job;
    try {
      const outcome = await attempt(wish, ended);
      return isWaiting(outcome) ? outcome : undefined;
    } catch (error) {
      if (!ended.aborted) onError(error, `the Job of the export ${namespace}/${name}`);
      return undefined;
    }
  }

  async function attempt({ job, isTrial }: Wish, signal: AbortSignal): Promise<LetIn | Waiting> {
    const { exportUid, namespace, name, source, location, previous } = job;
    const prepared = await prepareWorker(
      {
        owner: { namespace, name, uid: exportUid },
        locations: { source, destination: location, previous },
        export: job,
      },
      options,
      signal,
    );
    if ("waiting" in prepared) return prepared.waiting;
    if (isTrial) return (await refusalOf(prepared.job, location, signal)) ?? {};
    const suspended = options.suspended(exportUid);
    if (suspended !== undefined) {
      const wanted = jobManifest(prepared.job, settings, stageOf(suspended), runOf(suspended));
      const resumed = await resumeJob(api, suspended, wanted, signal);
      if (resumed !== undefined) return isWaiting(resumed) ? resumed : { made: resumed };
      await options.clear(exportUid, signal);
    }
    const made = await createJob(api, firstJob(prepared.job), signal);
    return isWaiting(made) ? made : { made };
  }

  function firstJob(job: WorkerJob): Job {
    return jobManifest(job, settings, job.export?.workers === undefined ? "all" : "plan");
  }

  /** Where there is no volume there will be no data: its claim is waited for before anything is said to lie there. */
  async function refusalOf(
    job: WorkerJob,
    location: string,
    signal: AbortSignal,
  ): Promise<Waiting | undefined> {
    const missing = await missingClaim(location, api, signal);
    if (missing === undefined) return tryJob(api, firstJob(job), signal);
    // As the scheduler says it of a claim that is read.
    const is = missing.is === "gone" ? "not found" : "is being deleted";
    return { reason: "Unschedulable", message: `persistentvolumeclaim "${missing.claim}" ${is}` };
  }

  function drop(uid: string): void {
    refused.get(uid)?.over.abort();
    refused.delete(uid);
  }
}
