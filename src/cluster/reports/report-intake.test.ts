import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { madeUpJob, madeUpPod, running } from "../../../test/fixtures/kube-jobs.ts";
import { madeUpExport } from "../../../test/fixtures/made-up-resources.ts";
import { succeeded } from "../../../test/fixtures/resources.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { Export } from "../../domain/resources/resource.ts";
import { createReportIntake } from "./report-intake.ts";
import { createReportedProgress } from "./reported-progress.ts";
import type { WorkerReport } from "./worker-report.ts";

const { signal } = new AbortController();
const job = madeUpJob("all");
const pod = madeUpPod(job, 0, running);
const { namespace = "", name, uid = "" } = pod.metadata;
const report: WorkerReport = {
  progress: { plannedBytes: 9, plannedFiles: 9, plannedParts: 3, planned: true, bytes: 1, files: 1 },
  parts: { succeeded: 1, reused: 0 },
};

const exportOf = (exportUid: string, status: "True" | "False" | "Unknown"): Export => {
  const made = madeUpExport("reports", {}, { status: { conditions: succeeded("x", status) } });
  return { ...made, metadata: { ...made.metadata, uid: exportUid } };
};

async function take(found: Export | undefined) {
  const progress = createReportedProgress();
  const asked: unknown[] = [];
  const told = Promise.withResolvers<string>();
  const store = {
    get: async (...given: unknown[]) => {
      asked.push(given.slice(0, 2));
      return found;
    },
  } as unknown as Pick<ExportStore, "get">;
  const workers = {
    pod: (key: { name: string }) => (key.name === name ? pod : undefined),
    job: () => job,
  };
  const intake = createReportIntake({ workers, store, progress, onProgress: told.resolve });
  const isTaken = await intake.take({ namespace, name, uid }, report, signal);
  const ended = { namespace, name: "another", uid };
  assert.equal(await intake.take(ended, report, signal), false);
  assert.deepEqual(asked, [["Export", { namespace: "team", name: "reports" }]]);
  return { isTaken, reported: progress.of(job.metadata.uid ?? "").get(0), told: told.promise };
}

describe("a report", () => {
  test("is taken of an export that is under way, which is told soon after", async () => {
    const { isTaken, reported, told } = await take(exportOf("uid-1", "Unknown"));
    assert.equal(isTaken, true);
    assert.deepEqual(reported, report);
    // What tells it keeps no process from ending.
    const awake = setInterval(() => undefined, 1000);
    assert.equal(await told, "uid-1");
    clearInterval(awake);
  });

  const refused = {
    "that is not there": undefined,
    "that is another of the same name": exportOf("uid-2", "Unknown"),
    "that has succeeded": exportOf("uid-1", "True"),
    "that has failed": exportOf("uid-1", "False"),
  };
  for (const [which, found] of Object.entries(refused))
    test(`is not taken of an export ${which}`, async () => {
      const { isTaken, reported } = await take(found);
      assert.equal(isTaken, false);
      assert.equal(reported, undefined);
    });
});
