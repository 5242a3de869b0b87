/** The program of a job's thread: one attempt at an export, or the removal of one. */
import type { Destination } from "../domain/ports/destination.ts";
import type { JobResult } from "../domain/ports/job-runner.ts";
import type { JobTask } from "../local/jobs/job-messages.ts";
import { type JobReporter, serveJob } from "../local/jobs/job-thread.ts";
import { refuseNestedLocation } from "../engine/removing/nested-location.ts";
import { drivers } from "./drivers.ts";
import { engineHome, processHolder } from "./engine-home.ts";
import { followProgress, jobResult } from "./job-progress.ts";
import { asSetUp, driversReaching } from "./reaching-drivers.ts";
import { readSignKey } from "./sign-key.ts";
import { reportMetering } from "./store-metering.ts";

serveJob(async (task, reporter, signal) => {
  using _reported = { [Symbol.dispose]: reportMetering };
  switch (task.kind) {
    case "export":
      return await exportOnce(task, reporter, signal);
    case "remove": {
      const { removeExportData } = await import("../engine/removing/remove-data.ts");
      const { location, ways } = task.place;
      const destination = await driversReaching(ways).openDestination(location);
      await removeExportData(task.place, destination, processHolder, signal);
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
  const home = engineHome({
    drivers: driversReaching(ways),
    holder: processHolder,
    job: { byteRate, ways },
  });
  const result = await runExport(call, { ...home, onEvent: followProgress(reporter) }, signal);
  return jobResult(result);
}
