/** Begins exports: creates their first Job, and tries again where the cluster does not let it in yet. */
import { waitAfter } from "../../domain/back-off.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { ExportJob, JobObservation } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { createJob, isWaiting } from "./create-job.ts";
import { jobManifest } from "./job-manifest.ts";
import type { Job } from "./objects.ts";
import type { Waiting } from "./pod-facts.ts";
import { prepareWorker } from "./prepare-worker.ts";
import type { WorkerSettings } from "./worker-job.ts";

export interface ExportStart {
  /** The first Job; undefined where it is not let in, which `observationOf` says why, and which is tried again. */
  begin(job: ExportJob, signal: AbortSignal): Promise<Job | undefined>;
  /** Of an export that is not let in. */
  observationOf(exportUid: string): JobObservation | undefined;
  attemptOf(exportUid: string): number | undefined;
  /** Tries no more. */
  drop(exportUid: string): void;
}

interface Refused {
  readonly job: ExportJob;
  readonly waiting: Waiting;
  readonly timer: NodeJS.Timeout;
}

export interface ExportStartOptions {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onError: (error: unknown, about: string) => void;
  readonly onChange: (exportUid: string) => void;
  /** Ends what is tried again. */
  readonly signal: AbortSignal;
}

/** A quota may be freed and a namespace be opened at any time, and nobody tells us. */
const backOff = { first: 5000, longest: 60_000 };

export function createExportStart(options: ExportStartOptions): ExportStart {
  const { api, settings, random, onError, onChange, signal: ended } = options;
  const refused = new Map<string, Refused>();
  return {
    begin: (job, signal) => begin(job, 0, signal),
    observationOf: (uid) => {
      const known = refused.get(uid);
      return known && { ...nothingDone, attempt: known.job.attempt, waiting: known.waiting };
    },
    attemptOf: (uid) => refused.get(uid)?.job.attempt,
    drop,
  };

  async function begin(job: ExportJob, failures: number, signal: AbortSignal): Promise<Job | undefined> {
    const made = await attempt(job, signal);
    if (!isWaiting(made)) {
      drop(job.exportUid);
      return made;
    }
    const pause = waitAfter(failures + 1, backOff, random);
    const timer = setTimeout(() => void again(job, failures + 1), pause);
    timer.unref();
    refused.set(job.exportUid, { job, waiting: made, timer });
    return undefined;
  }

  async function again(job: ExportJob, failures: number): Promise<void> {
    const before = refused.get(job.exportUid);
    if (before?.job !== job || ended.aborted) return;
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
    const stage = job.workers === undefined ? "all" : "plan";
    return createJob(api, jobManifest(prepared.job, settings, stage), signal);
  }

  function drop(uid: string): void {
    clearTimeout(refused.get(uid)?.timer);
    refused.delete(uid);
  }
}

const nothingDone = {
  phase: "queued",
  progress: { plannedBytes: 0, plannedFiles: 0, plannedParts: 0, planned: false, bytes: 0, files: 0 },
  parts: { succeeded: 0, reused: 0 },
} as const;
