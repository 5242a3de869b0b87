/** The program of a worker thread: it is told the export once, and then one part after another. */
import { randomUUID } from "node:crypto";
import { workerData } from "node:worker_threads";
import type { PackJob } from "../domain/pack-task.ts";
import { makePartSafe } from "../engine/packing/make-part-safe.ts";
import { paceBy } from "../local/jobs/byte-rate.ts";
import { servePool } from "../local/pack-worker.ts";
import { drivers as plainDrivers } from "./drivers.ts";
import { driversReaching } from "./reaching-drivers.ts";
import { joinLimits } from "./store-limits.ts";

joinLimits();
const job = workerData as PackJob;
const drivers = job.ways === undefined ? plainDrivers : driversReaching(job.ways);

servePool(async (onProgress) => {
  const [source, destination, format] = await Promise.all([
    drivers.openSource(job.source),
    drivers.openDestination(job.destination, job.scratch),
    drivers.format(job.options.format),
  ]);
  const { options, resumed, upload } = job;
  const context = {
    source,
    destination,
    format,
    options,
    resumed,
    upload,
    clock: Date,
    newId: randomUUID,
    openDestination: drivers.openDestination,
    onProgress,
    pace: job.byteRate === undefined ? undefined : paceBy(job.byteRate),
  };
  return (task, signal) => makePartSafe(context, task, signal);
});
