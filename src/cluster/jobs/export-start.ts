/** Begins exports: creates their first Job, and tries again where the cluster does not let it in yet. */
import { waitAfter } from "../../domain/back-off.ts";
import { noProgress } from "../../domain/furthest-progress.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { ExportJob, JobObservation, Waiting } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { createJob, isWaiting } from "./create-job.ts";
import { jobManifest } from "./job-manifest.ts";
import { runOf, stageOf } from "./decide-job.ts";
import type { Job } from "./objects.ts";
import { type Barrier, createOpenings } from "./openings.ts";
import { prepareWorker } from "./prepare-worker.ts";
import { resumeJob } from "./resume-job.ts";
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
  readonly waiting: Waiting;
  readonly failures: number;
  readonly barrier: Barrier;
  /** Ends what follows the barrier. */
  readonly leave: () => void;
  readonly timer: NodeJS.Timeout;
  /** Whether something changed, so that it is tried again before its time. */
  readonly isSoon: boolean;
  readonly isTrying: boolean;
}

export interface ExportStartOptions {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
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
/** Milliseconds; changes come in swarms. */
const soon = 1000;
/** Reasons that pods of others are to blame for. */
const ofOthers: ReadonlySet<string> = new Set(["SourceInUse", "ClaimsApart"]);

export function createExportStart(options: ExportStartOptions): ExportStart {
  const { api, settings, random, onError, onChange, signal: ended } = options;
  const refused = new Map<string, Refused>();
  const untouched = new Set<string>();
  const openings = createOpenings(options, ended);
  return {
    begin: (job, signal) => begin(job, 0, signal),
    observationOf: (uid) => {
      const known = refused.get(uid);
      return known && { ...noProgress, phase: "queued", attempt: known.job.attempt, waiting: known.waiting };
    },
    attemptOf: (uid) => refused.get(uid)?.job.attempt,
    isUntouched: (uid) => untouched.has(uid),
    drop,
  };

  async function begin(job: ExportJob, failures: number, signal: AbortSignal): Promise<Job | undefined> {
    const made = await attempt(job, signal);
    if (!isWaiting(made)) {
      untouched.delete(job.exportUid);
      drop(job.exportUid);
      return made;
    }
    keep(job, made, failures + 1);
    if (job.isFirst === true) untouched.add(job.exportUid);
    return undefined;
  }

  function keep(job: ExportJob, waiting: Waiting, failures: number): void {
    const { exportUid: uid, namespace } = job;
    const before = refused.get(uid);
    const barrier = ofOthers.has(waiting.reason) ? "pods" : "rules";
    const follows = before?.barrier === barrier;
    if (!follows) drop(uid);
    clearTimeout(before?.timer);
    const leave = follows ? before.leave : openings.follow(namespace, barrier, () => hurry(uid));
    const isSoon = before?.isSoon === true;
    const timer = tryAfter(isSoon ? soon : waitAfter(failures, backOff, random), job, failures);
    refused.set(uid, { job, waiting, failures, barrier, leave, timer, isSoon, isTrying: false });
  }

  function hurry(uid: string): void {
    const known = refused.get(uid);
    if (known === undefined || known.isSoon) return;
    if (known.isTrying) return void refused.set(uid, { ...known, isSoon: true });
    clearTimeout(known.timer);
    refused.set(uid, { ...known, timer: tryAfter(soon, known.job, known.failures), isSoon: true });
  }

  function tryAfter(pause: number, job: ExportJob, failures: number): NodeJS.Timeout {
    return setTimeout(() => void again(job, failures), pause).unref();
  }

  async function again(job: ExportJob, failures: number): Promise<void> {
    const before = refused.get(job.exportUid);
    if (before?.job !== job || ended.aborted) return;
    refused.set(job.exportUid, { ...before, isSoon: false, isTrying: true });
    try {
      await begin(job, failures, ended);
    } catch (error) {
      if (ended.aborted) return;
      // The controller begins it anew, and what is wrong comes out there.
      onError(error, `the Job of the export ${job.namespace}/${job.name}`);
      drop(job.exportUid);
    }
    onChange(job.exportUid);
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
    const known = refused.get(uid);
    clearTimeout(known?.timer);
    known?.leave();
    refused.delete(uid);
  }
}
