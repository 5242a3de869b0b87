/** The program of a job's thread: one attempt at an export, or the removal of one. */
import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import type { Destination } from "../domain/ports/destination.ts";
import type { JobResult } from "../domain/ports/job-runner.ts";
import type { JobTask } from "../local/jobs/job-messages.ts";
import { type JobReporter, serveJob } from "../local/jobs/job-thread.ts";
import { refuseNestedLocation } from "../engine/removing/nested-location.ts";
import { startPackPool } from "../local/pack-pool.ts";
import { drivers } from "./drivers.ts";
import { followProgress, jobResult } from "./job-progress.ts";
import { asSetUp, driversReaching } from "./reaching-drivers.ts";
import { readSignKey } from "./sign-key.ts";
import { reportMetering } from "./store-metering.ts";
import { engineVersions } from "./versions.ts";

const packWorker = new URL("pack-worker.ts", import.meta.url);
const holder = `process ${process.pid} on ${hostname()}`;

serveJob(async (task, reporter, signal) => {
  using _reported = { [Symbol.dispose]: reportMetering };
  switch (task.kind) {
    case "export":
      return await exportOnce(task, reporter, signal);
    case "remove": {
      const { removeExportData } = await import("../engine/removing/remove-data.ts");
      const { location, ways } = task.place;
      const destination = await driversReaching(ways).openDestination(location);
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
  const { job, scratch, byteRate, signKeyFile, sendingWorkers } = task;
  const { runExport } = await import("../engine/exporting/run-export.ts");
  const { exportUid, namespace, name, source, location, options, previous, workers, ways } = job;
  const place = { location, reached: ways?.[location] ?? location };
  const openAbove = (above: string): Promise<Destination> =>
    asSetUp(location, () => drivers.openDestination(above));
  await refuseNestedLocation(place, openAbove, signal);
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
    sendingWorkers,
    signer: signKeyFile === undefined ? undefined : readSignKey(signKeyFile),
  };
  const home = {
    drivers: driversReaching(ways),
    startPool: (given: Parameters<typeof startPackPool>[1]) =>
      startPackPool(packWorker, { ...given, job: { ...given.job, byteRate, ways } }),
    clock: Date,
    newId: randomUUID,
    host: hostname(),
    holder,
    versions: engineVersions,
    onEvent: followProgress(reporter),
  };
  const result = await runExport(call, home, signal);
  return jobResult(result, location);
}
