/** Creates the Job that follows another: the next stage, or the same once more. One at a time for each export. */
import { isDeepStrictEqual } from "node:util";
import { catalogue, LongshoreError } from "../../domain/errors.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { Waiting } from "../../domain/ports/job-runner.ts";
import type { KubeApi } from "../kube-api.ts";
import { controllerOf } from "./controller-of.ts";
import { createJob, isWaiting } from "./create-job.ts";
import type { JobDecision } from "./decide-job.ts";
import { isGoing } from "./going-namespace.ts";
import { jobManifest } from "./job-manifest.ts";
import type { Job } from "./objects.ts";
import type { Openings } from "./openings.ts";
import { prepareWorker } from "./prepare-worker.ts";
import { createRetries, type Retries } from "./retries.ts";
import type { WorkerSettings } from "./worker-job.ts";
import { type ExportTask, taskFrom } from "./worker-task.ts";

export interface Advance {
  /** Something about the export may have changed. */
  look(exportUid: string): void;
  /** Why the next Job of an export is not there yet, where it was tried. */
  waitingOf(exportUid: string): Waiting | undefined;
  /** Resolves when nothing is being created any more. */
  settled(): Promise<void>;
}

export interface AdvanceOptions {
  readonly api: KubeApi;
  readonly store: ExportStore;
  readonly settings: WorkerSettings;
  readonly openings: Openings;
  readonly random: () => number;
  readonly onError: (error: unknown, about: string) => void;
  /** By what is known without asking. */
  readonly decide: (exportUid: string) => JobDecision | undefined;
  /** Told when `waitingOf` says something else. */
  readonly onWaiting: (exportUid: string) => void;
  readonly lookAgain: (exportUid: string, time: number) => void;
  /** Removes all Jobs of an export. */
  readonly clear: (exportUid: string, signal: AbortSignal) => Promise<void>;
  /** Resolves when the Job that was created is known. */
  readonly seen: (made: Job) => Promise<void>;
  readonly signal: AbortSignal;
}

const backOff = { first: 1000, longest: 60_000 };

interface Work {
  readonly done: Promise<void>;
  readonly retries: Retries;
}

export function createAdvance(options: AdvanceOptions): Advance {
  const { api, settings, onError, onWaiting, decide, lookAgain, clear, seen, signal } = options;
  const running = new Map<string, Work>();
  const again = new Set<string>();
  const waits = new Map<string, Waiting>();
  return {
    look,
    waitingOf: (uid) => waits.get(uid),
    settled: async () => void (await Promise.allSettled([...running.values()].map(({ done }) => done))),
  };

  function look(uid: string): void {
    if (signal.aborted) return;
    const decision = decide(uid);
    const work = running.get(uid);
    if (work !== undefined) {
      again.add(uid);
      if (jobOf(decision) === undefined) work.retries.interrupt();
      return;
    }
    if (decision?.lookAgain !== undefined) lookAgain(uid, decision.lookAgain);
    const { metadata } = jobOf(decision) ?? {};
    if (metadata === undefined) return;
    const retries = createRetries(metadata.namespace ?? "", { ...options, backOff }, signal);
    const done = advance(uid, retries).finally(() => {
      running.delete(uid);
      retries[Symbol.dispose]();
      tell(uid, undefined);
      if (again.delete(uid)) look(uid);
    });
    running.set(uid, { done, retries });
  }

  async function advance(uid: string, retries: Retries): Promise<void> {
    while (!signal.aborted) {
      const decision = decide(uid);
      if (decision === undefined || jobOf(decision) === undefined) return;
      const waiting = await act(uid, decision);
      if (waiting === undefined || signal.aborted) return;
      tell(uid, waiting);
      await retries.next(waiting);
    }
  }

  function tell(uid: string, waiting: Waiting | undefined): void {
    if (isDeepStrictEqual(waiting, waits.get(uid))) return;
    if (waiting === undefined) waits.delete(uid);
    else waits.set(uid, waiting);
    onWaiting(uid);
  }

  /** What keeps it from being done, if anything does. Throws nothing. */
  async function act(uid: string, { create, bereft }: JobDecision): Promise<Waiting | undefined> {
    try {
      if (bereft !== undefined) await letGo(uid, bereft);
      else if (create !== undefined) return await createNext(create);
      return undefined;
    } catch (error) {
      if (!signal.aborted) onError(error, `the next Job of the export ${uid}`);
      return failureOf(error);
    }
  }

  /** A namespace that is being deleted waits for pods that wait for others: without their Job they go. */
  async function letGo(uid: string, { metadata: { namespace = "" } }: Job): Promise<void> {
    if (await isGoing(namespace, api, signal)) await clear(uid, signal);
  }

  /** Undefined when it is there. What is not let in is tried again: the Job before it has done its work already. */
  async function createNext({
    after,
    stage,
    run,
  }: NonNullable<JobDecision["create"]>): Promise<Waiting | undefined> {
    const { job } = exportTaskOf(after);
    const { exportUid: uid, namespace, name, source, location: destination, previous } = job;
    const asked = {
      owner: { uid, namespace, name },
      locations: { source, destination, previous },
      export: { ...job, workers: job.workers },
    };
    const prepared = await prepareWorker(asked, options, signal);
    if ("waiting" in prepared) return prepared.waiting;
    const made = await createJob(api, jobManifest(prepared.job, settings, stage, run), signal);
    if (isWaiting(made)) return made;
    await seen(made);
    return undefined;
  }
}

/** The Job that something has to be done about. */
const jobOf = (decision: JobDecision | undefined): Job | undefined =>
  decision?.create?.after ?? decision?.bereft;

/** Of an error that is none of the catalogue nobody knows what is in it. */
function failureOf(error: unknown): Waiting {
  if (error instanceof LongshoreError) return { reason: error.code, message: error.message };
  return { reason: "InternalError", message: catalogue.InternalError.hint };
}

/** What the Job was told. Only the words are taken from it; the pod is made anew from the resources. */
function exportTaskOf(made: Job): ExportTask {
  const { metadata, spec } = made;
  const environment = spec.template.spec.containers[0]?.env ?? [];
  const task = taskFrom(Object.fromEntries(environment.map(({ name, value }) => [name, value])));
  const owner = controllerOf(made, "Export");
  if (
    task.kind === "export" &&
    task.job.exportUid === owner?.uid &&
    task.job.namespace === metadata.namespace
  )
    return task;
  throw new LongshoreError("InvalidDocument", `the Job ${metadata.name} says another export than its owner`);
}
