/** Where the engine lives in a program of ours: its threads are this machine's. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { PackJob } from "../domain/pack-task.ts";
import type { PackPoolOptions } from "../domain/ports/pack-pool.ts";
import type { ExportHome } from "../engine/exporting/export-call.ts";
import { startPackPool } from "../local/pack-pool.ts";
import { engineVersions } from "./versions.ts";

const packWorker = new URL("pack-worker.ts", import.meta.url);

export interface EngineHomeOptions extends Pick<ExportHome, "drivers" | "holder"> {
  /** What pack threads are told besides what the engine tells them. */
  readonly job?: Partial<PackJob>;
  readonly workersAtOnce?: PackPoolOptions["workersAtOnce"];
}

export function engineHome({
  drivers,
  holder,
  job,
  workersAtOnce,
}: EngineHomeOptions): Omit<ExportHome, "onEvent"> {
  return {
    drivers,
    startPool: (given) =>
      startPackPool(packWorker, { ...given, workersAtOnce, job: { ...given.job, ...job } }),
    clock: Date,
    newId: randomUUID,
    host: hostname(),
    holder,
    versions: engineVersions,
  };
}

/** Of this process, for whoever finds an export locked. */
export const processHolder = `process ${process.pid} on ${hostname()}`;
