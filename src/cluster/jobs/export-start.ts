/** Begins exports: creates their first Job, and tries again where the cluster does not let it in yet. */
import { noProgress } from "../../domain/furthest-progress.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { ExportJob, JobObservation, Waiting } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { createJob, isWaiting } from "./create-job.ts";
import { jobManifest } from "./job-manifest.ts";
import { runOf, stageOf } from "./job-facts.ts";
import type { Job } from "./objects.ts";
import type { Openings } from "./openings.ts";
import { prepareWorker } from "./prepare-worker.ts";
import { resumeJob } from "./resume-job.ts";
import { createRetries } from "./retries.ts";
import type { WorkerSettings } from "./worker-job.ts";

export interface ExportStart {
  /**
   * The first Job, or the one that was suspended; undefined where it is not let in, which `observationOf` says why, and which
   * is tried again.
   */
  begin(job: ExportJob, signal: AbortSignal): Promise<Job | undefined>;
  /** Of an export that is not let in. */
  observationOf(exportUid: string): JobObservation | undefined;
  attemptOf(exportUid: string): number | undefined;
  /** Whether this process knows that nothing of it was ever let in. */
  isUntouched(exportUid: string): boolean;
  /** Tries no more. */
  drop(exportUid: string): void;
}

interface Refused {
  readonly job: ExportJob;
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
  const untouched = new Set<string>();
  return {
    begin: async (job, signal) => {
      const made = await attempt(job, signal);
      drop(job.exportUid);
      if (!isWaiting(made)) return made;
      const one = { job, waiting: made, over: new AbortController() };
      refused.set(job.exportUid, one);
      if (job.isFirst === true) untouched.add(job.exportUid);
      void tryAgain(one);
      return undefined;
    },
    observationOf: (uid) => {
      const known = refused.get(uid);
      return known && { ...noProgress, phase: "queued", attempt: known.job.attempt, waiting: known.waiting };
    },
    attemptOf: (uid) => refused.get(uid)?.job.attempt,
    isUntouched: (uid) => untouched.has(uid),
    drop,
  };

  /** Until it is let in, or dropped. Throws nothing. */
  async function tryAgain(one: Refused): Promise<void> {
    const { job, over } = one;
    const until = AbortSignal.any([ended, over.signal]);
    using retries = createRetries(job.namespace, { ...options, backOff }, until);
    for (;;) {
      await retries.next(one.waiting);
      if (until.aborted) return;
      const waiting = await stillWaiting(job);
      if (ended.aborted) return;
      if (waiting !== undefined) one.waiting = waiting;
      else if (!over.signal.aborted) drop(job.exportUid);
      onChange(job.exportUid);
    }
  }

  /** Undefined where it is let in; and where it fails, as the controller begins it anew, and what is wrong comes out there. */
  async function stillWaiting(job: ExportJob): Promise<Waiting | undefined> {
    const { exportUid: uid, namespace, name } = job;
    // What is dropped meanwhile may be let in all the same.
    const wasUntouched = untouched.delete(uid);
    try {
      const made = await attempt(job, ended);
      if (!isWaiting(made)) return undefined;
      if (wasUntouched) untouched.add(uid);
      return made;
    } catch (error) {
      if (!ended.aborted) onError(error, `the Job of the export ${namespace}/${name}`);
      return undefined;
    }
  }

  async function attempt(job: ExportJob, signal: AbortSignal): Promise<Job | Waiting> {
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
    const suspended = options.suspended(exportUid);
    if (suspended !== undefined) {
      const wanted = jobManifest(prepared.job, settings, stageOf(suspended), runOf(suspended));
      const resumed = await resumeJob(api, suspended, wanted, signal);
      if (resumed !== undefined) return resumed;
      await options.clear(exportUid, signal);
    }
    const stage = job.workers === undefined ? "all" : "plan";
    return createJob(api, jobManifest(prepared.job, settings, stage), signal);
  }

  function drop(uid: string): void {
    refused.get(uid)?.over.abort();
    refused.delete(uid);
  }
}
