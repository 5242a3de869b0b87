/** Creates the Job that follows another: the next stage, or the same once more. One at a time for each export. */
import { waitAfter } from "../../domain/back-off.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { KubeApi } from "../kube-api.ts";
import { pause } from "../client/pause.ts";
import { isGoing } from "./going-namespace.ts";
import { createJob, isWaiting } from "./create-job.ts";
import type { JobDecision } from "./decide-job.ts";
import { jobManifest } from "./job-manifest.ts";
import type { Job } from "./objects.ts";
import { prepareWorker } from "./prepare-worker.ts";
import type { WorkerSettings } from "./worker-job.ts";
import { type ExportTask, taskFrom } from "./worker-task.ts";

export interface Advance {
  /** Something about the export may have changed. */
  look(exportUid: string): void;
  /** Resolves when nothing is being created any more. */
  settled(): Promise<void>;
}

export interface AdvanceOptions {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  readonly random: () => number;
  readonly onError: (error: unknown, about: string) => void;
  /** By what is known without asking. */
  readonly decide: (exportUid: string) => JobDecision | undefined;
  readonly lookAgain: (exportUid: string, time: number) => void;
  /** Removes all Jobs of an export. */
  readonly clear: (exportUid: string, signal: AbortSignal) => Promise<void>;
  /** Resolves when the Job that was created is known. */
  readonly seen: (made: Job) => Promise<void>;
  readonly signal: AbortSignal;
}

const backOff = { first: 1000, longest: 60_000 };

export function createAdvance(options: AdvanceOptions): Advance {
  const { api, settings, random, onError, decide, lookAgain, clear, seen, signal } = options;
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  return { look, settled: async () => void (await Promise.allSettled(running.values())) };

  function look(uid: string): void {
    if (signal.aborted) return;
    if (running.has(uid)) return void again.add(uid);
    const decision = decide(uid);
    if (decision?.lookAgain !== undefined) lookAgain(uid, decision.lookAgain);
    if (decision?.create === undefined && decision?.bereft === undefined) return;
    const work = advance(uid).finally(() => {
      running.delete(uid);
      if (again.delete(uid)) look(uid);
    });
    running.set(uid, work);
  }

  async function advance(uid: string): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      const { create, bereft } = decide(uid) ?? {};
      if (create === undefined && bereft === undefined) return;
      try {
        if (bereft !== undefined) return await letGo(uid, bereft);
        if (create !== undefined && (await createNext(create))) return;
      } catch (error) {
        if (signal.aborted) return;
        onError(error, `the next Job of the export ${uid}`);
      }
      await pause(waitAfter(failures, backOff, random), signal).catch(() => undefined);
    }
  }

  /** A namespace that is being deleted waits for pods that wait for others: without their Job they go. */
  async function letGo(uid: string, { metadata: { namespace = "" } }: Job): Promise<void> {
    if (await isGoing(namespace, api, signal)) await clear(uid, signal);
  }

  /** Whether it is there. What is not let in is tried again: the Job before it has done its work already. */
  async function createNext({ after, stage, run }: NonNullable<JobDecision["create"]>): Promise<boolean> {
    const { job } = exportTaskOf(after);
    const { exportUid: uid, namespace, name, source, location: destination, previous } = job;
    const asked = {
      owner: { uid, namespace, name },
      locations: { source, destination, previous },
      export: { ...job, workers: job.workers },
    };
    const prepared = await prepareWorker(asked, options, signal);
    if ("waiting" in prepared) throw new LongshoreError("Conflict", prepared.waiting.message);
    const made = await createJob(api, jobManifest(prepared.job, settings, stage, run), signal);
    if (isWaiting(made)) throw new LongshoreError("Conflict", made.message);
    await seen(made);
    return true;
  }
}

/** What the Job was told. Only the words are taken from it; the pod is made anew from the resources. */
function exportTaskOf({ metadata, spec }: Job): ExportTask {
  const environment = spec.template.spec.containers[0]?.env ?? [];
  const task = taskFrom(Object.fromEntries(environment.map(({ name, value }) => [name, value])));
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (
    task.kind === "export" &&
    task.job.exportUid === owner?.uid &&
    task.job.namespace === metadata.namespace
  )
    return task;
  throw new LongshoreError("InvalidDocument", `the Job ${metadata.name} says another export than its owner`);
}
