/** The program of a job's thread: one attempt at an export, or the removal of one. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { arch, versions } from "node:process";
import { randomUUID } from "node:crypto";
import { exportDocument } from "../cli/export-document.ts";
import { LongshoreError } from "../domain/errors.ts";
import type { ExportJob, JobResult } from "../domain/ports/job-runner.ts";
import type { Drivers } from "../domain/ports/home.ts";
import type { ExportEvent } from "../engine/exporting/export-call.ts";
import type { JobReport, JobTask } from "../local/jobs/job-messages.ts";
import { type JobReporter, serveJob } from "../local/jobs/job-thread.ts";
import { refuseNestedLocation } from "../local/jobs/nested-location.ts";
import { startPackPool } from "../local/pack-pool.ts";
import { drivers } from "./drivers.ts";
import { readSignKey } from "./sign-key.ts";

const packWorker = new URL("pack-worker.ts", import.meta.url);
const holder = `process ${process.pid} on ${hostname()}`;

serveJob(async (task, reporter, signal) => {
  switch (task.kind) {
    case "export":
      return exportOnce(task, reporter, signal);
    case "remove": {
      const { removeExportData } = await import("../local/jobs/remove-data.ts");
      const destination = await drivers.openDestination(task.place.location);
      await removeExportData(task.place, destination, holder, signal);
      return undefined;
    }
  }
});

async function exportOnce(
  task: JobTask & { kind: "export" },
  reporter: JobReporter,
  signal: AbortSignal,
): Promise<JobResult> {
  const { job, scratch, byteRate, signKeyFile } = task;
  const { runExport } = await import("../engine/exporting/run-export.ts");
  const { exportUid, namespace, name, source, location, options, previous, workers } = job;
  refuseNestedLocation(location);
  const call = {
    name,
    namespace,
    owner: exportUid,
    source,
    location,
    options,
    previous,
    scratch,
    workers,
    signer: signKeyFile === undefined ? undefined : readSignKey(signKeyFile),
  };
  const home = {
    drivers: settled(job),
    startPool: (given: Parameters<typeof startPackPool>[1]) =>
      startPackPool(packWorker, { ...given, job: { ...given.job, byteRate } }),
    clock: Date,
    newId: randomUUID,
    host: hostname(),
    holder,
    versions: engineVersions(),
    onEvent: follow(reporter),
  };
  const result = await runExport(call, home, signal);
  const { manifestDigest, files, differences, parts, bytes, archive } = exportDocument(result, location, 0);
  return {
    manifestDigest,
    files,
    differences,
    parts: { total: parts.total, reused: parts.reused },
    bytes,
    ...(archive === null ? {} : { archive: { file: archive.file, size: archive.size } }),
  };
}

/** The places of a job were found allowed with every link resolved: a link that was put into one of them since is refused. */
function settled(job: ExportJob): Drivers {
  const check = <T extends { readonly location: string }>(opened: T, location: string): T => {
    if (opened.location === location) return opened;
    throw new LongshoreError("PlaceNotAllowed", `${location} leads elsewhere since it was allowed`);
  };
  return {
    ...drivers,
    openSource: async () => check(await drivers.openSource(job.source), job.source),
    openDestination: async (location) => check(await drivers.openDestination(location), location),
  };
}

/** Adds the engine's events up. */
function follow(reporter: JobReporter): (event: ExportEvent) => void {
  const progress = { plannedBytes: 0, plannedFiles: 0, plannedParts: 0, planned: false, bytes: 0, files: 0 };
  const parts = { succeeded: 0, reused: 0 };
  const report: JobReport = { progress, parts };
  return (event) => {
    switch (event.kind) {
      case "notice":
        return reporter.notice(event.message);
      case "planned":
        progress.plannedBytes += event.content;
        progress.plannedFiles += event.files;
        progress.plannedParts += event.parts;
        progress.planned = event.done;
        break;
      case "packed":
        progress.bytes += event.content;
        progress.files += event.files;
        break;
      case "part":
        parts.succeeded++;
        if (event.reused) parts.reused++;
    }
    reporter.progress(report);
  };
}

function engineVersions(): Record<string, string> {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  return {
    longshore: version,
    node: versions.node,
    zlib: versions.zlib,
    zstd: versions["zstd"] ?? "",
    arch,
  };
}
