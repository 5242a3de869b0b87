/** The program of a worker's pod: one stage of one export. It knows no Kubernetes: mounts, an environment, a last message. */
import { appendFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { normalize } from "node:path";
import type { WorkerOptions } from "../cli/commands/worker.ts";
import { encodeMessage, messageError, type WorkerMessage } from "../cluster/jobs/worker-message.ts";
import {
  type CleanupTask,
  type ExportTask,
  type Stage,
  taskFrom,
  type WorkerTask,
} from "../cluster/jobs/worker-task.ts";
import { type ReportSender, startReportSender } from "../cluster/reports/report-sender.ts";
import { reportVariables } from "../cluster/reports/worker-report.ts";
import type { Environment } from "../domain/environment.ts";
import { catalogue, LongshoreError } from "../domain/errors.ts";
import { parseBucketLocation } from "../domain/location.ts";
import { mountOf } from "../domain/mount-way.ts";
import { tailParts } from "../domain/part.ts";
import type { Reached } from "../domain/furthest-progress.ts";
import type { ExportCall, ExportHome } from "../engine/exporting/export-call.ts";
import { engineHome } from "./engine-home.ts";
import { followProgress, jobResult } from "./job-progress.ts";
import { drivers } from "./drivers.ts";
import { errorFields, type Log } from "./log.ts";
import { driversReaching } from "./reaching-drivers.ts";

export interface WorkerHome {
  readonly environment: Environment;
  /** A folder for what does not fit in memory. */
  readonly scratch: string;
  readonly log: Log;
}

/** What its pod's policy of failures understands. */
export const workerExit = { done: 0, failed: 1, again: 2, interrupted: 130 } as const;

/** More threads than this gain nothing, and each takes memory. */
const mostThreads = 16;
const logInterval = 10_000;

type Said = Omit<WorkerMessage, "stage">;

/** Does the stage, leaves its message, and says the exit code. Throws nothing but what keeps the message from being written. */
export async function runWorker(
  options: WorkerOptions,
  home: WorkerHome,
  signal: AbortSignal,
): Promise<number> {
  const { stage } = options;
  home.log("the worker begins", { stage });
  let task: WorkerTask | undefined;
  try {
    task = taskFrom(home.environment);
    const said = await work(task, options, home, signal);
    write(options, { stage, ...said });
    home.log("the worker is done", { stage, ...said });
    return workerExit.done;
  } catch (error) {
    const told = signal.aborted ? interruption() : error;
    home.log("the worker failed", { stage, ...errorFields(signal.aborted ? told : error) });
    const message = messageError(told);
    write(options, { stage, error: { ...message, message: inLocations(message.message, task) } });
    return exitCodeOf(told);
  }
}

const interruption = (): LongshoreError =>
  new LongshoreError("Interrupted", "the worker was told to stop; what is done is kept");

function exitCodeOf(error: unknown): number {
  // What nobody expected may go well the next time: how often that is tried has an end of its own.
  if (!(error instanceof LongshoreError)) return workerExit.again;
  if (error.code === "Interrupted") return workerExit.interrupted;
  return catalogue[error.code].retryable ? workerExit.again : workerExit.failed;
}

function write({ terminationLog }: WorkerOptions, message: WorkerMessage): void {
  if (terminationLog !== undefined) appendFileSync(terminationLog, encodeMessage(message));
}

/** Paths of the pod mean nothing to whoever reads the message: it has the locations of the claims instead. */
function inLocations(text: string, task: WorkerTask | undefined): string {
  const ways = task === undefined ? {} : task.kind === "export" ? task.job.ways : task.place.ways;
  let told = text;
  for (const [location, way] of Object.entries(ways)) {
    if (mountOf(way) === undefined) continue;
    told = told.replaceAll(normalize(way).replace(/\/$/, ""), () => location);
  }
  return told;
}

async function work(
  task: WorkerTask,
  options: WorkerOptions,
  home: WorkerHome,
  signal: AbortSignal,
): Promise<Said> {
  signal.throwIfAborted();
  if (task.kind === "cleanup" && options.stage === "cleanup") return cleanUp(task, signal);
  if (task.kind === "export" && options.stage !== "cleanup")
    return exportStage(task, { ...options, stage: options.stage }, home, signal);
  throw new LongshoreError("InvalidArgument", `the stage ${options.stage} is none of this job`, {
    hint: "workers are started by the operator, as the pods of its Jobs",
  });
}

async function cleanUp({ place }: CleanupTask, signal: AbortSignal): Promise<Said> {
  const { removeExportData } = await import("../engine/removing/remove-data.ts");
  const { location, owner, ways } = place;
  const destination = await driversReaching(ways).openDestination(location);
  await removeExportData({ location: pathOrUrl(location, ways), owner }, destination, holder, signal);
  return {};
}

const holder = `pod ${hostname()}`;

/** The plain path where it lies in a mount. */
function pathOrUrl(location: string, ways: Readonly<Record<string, string>>): string {
  const way = ways[location] ?? location;
  return mountOf(way) === undefined ? location : normalize(way);
}

async function exportStage(
  { job }: ExportTask,
  options: WorkerOptions & { readonly stage: Exclude<Stage, "cleanup"> },
  home: WorkerHome,
  signal: AbortSignal,
): Promise<Said> {
  const { scratch, log } = home;
  const { exportUid, owner = exportUid, namespace, name, source, location, previous, ways } = job;
  const call: ExportCall = {
    name,
    namespace,
    owner,
    source,
    location,
    options: job.options,
    previous,
    scratch,
    workers: Math.min(availableParallelism(), mostThreads),
    // Those that send wait for the store for most of the time.
    sendingWorkers: Math.min(2 * availableParallelism(), mostThreads),
    signer: undefined,
  };
  const seen: { report?: Reached } = {};
  const pace = setInterval(() => log("the worker works", { ...seen.report }), logInterval);
  pace.unref();
  await using telling = reporting(home, signal);
  try {
    const follow = followProgress({
      progress: (report) => {
        seen.report = report;
        telling?.tell(report);
      },
      notice: (message) => log(message),
    });
    const engine = podHome(ways, follow);
    if (options.stage === "all" || options.stage === "plan") await refuseNested(job, signal);
    switch (options.stage) {
      case "all":
      case "finalize":
        return await runWhole(call, engine, signal);
      case "plan":
        return await plan(call, engine, signal);
      case "pack": {
        const share = { index: options.index, count: job.workers ?? 1 };
        const { packShare } = await import("../engine/exporting/stages.ts");
        await packShare(call, engine, share, signal);
        return { packed: packedOf(seen.report) };
      }
    }
  } finally {
    clearInterval(pace);
  }
}

/** Undefined where nobody wants to know. */
function reporting({ environment, log }: WorkerHome, signal: AbortSignal): ReportSender | undefined {
  const { [reportVariables.url]: url, [reportVariables.tokenFile]: tokenFile } = environment;
  if (url === undefined || tokenFile === undefined) return undefined;
  const onError = (reason: string): void => log("the worker's progress can't be reported", { reason });
  return startReportSender({ url, tokenFile, random: Math.random, onError }, signal);
}

async function runWhole(call: ExportCall, home: ExportHome, signal: AbortSignal): Promise<Said> {
  const { runExport } = await import("../engine/exporting/run-export.ts");
  return { result: jobResult(await runExport(call, home, signal)) };
}

/** What is finished already says the same as any other plan: finalize finds that out. */
async function plan(call: ExportCall, home: ExportHome, signal: AbortSignal): Promise<Said> {
  const { planExport } = await import("../engine/exporting/stages.ts");
  const made = await planExport(call, home, signal);
  if (made === "finished") return {};
  const { files, content } = made.totals;
  return { planned: { parts: made.parts.length + tailParts(call.options.format), files, bytes: content } };
}

function packedOf(report: Reached | undefined): NonNullable<Said["packed"]> {
  if (report === undefined) return { parts: 0, reused: 0, files: 0, bytes: 0 };
  const { parts, progress } = report;
  return { parts: parts.succeeded, reused: parts.reused, files: progress.files, bytes: progress.bytes };
}

async function refuseNested({ location, ways }: ExportTask["job"], signal: AbortSignal): Promise<void> {
  const { refuseNestedLocation } = await import("../engine/removing/nested-location.ts");
  const isBucket = parseBucketLocation(location) !== undefined;
  const reached = isBucket ? (ways[location] ?? location) : pathOrUrl(location, ways);
  const place = { location: isBucket ? location : reached, reached };
  await refuseNestedLocation(place, (above) => drivers.openDestination(above), signal);
}

function podHome(ways: Readonly<Record<string, string>>, onEvent: ExportHome["onEvent"]): ExportHome {
  // Most exports are small, and a thread that has nothing to do costs as much to start as one that has.
  const home = engineHome({ drivers: driversReaching(ways), holder, job: { ways }, workersAtOnce: 1 });
  return { ...home, onEvent };
}
