import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { madeUpExport } from "../../test/fixtures/made-up-resources.ts";
import { doneResult, someProgress } from "../../test/fixtures/scripted-runner.ts";
import { type ErrorCode, LongshoreError } from "../domain/errors.ts";
import type { JobObservation } from "../domain/ports/job-runner.ts";
import type { ExportStatus } from "../domain/resources/export.ts";
import type { Export } from "../domain/resources/resource.ts";
import { exportEvents } from "./export-events.ts";
import {
  attemptFailed,
  canceled,
  completed,
  failureOf,
  removalFailed,
  started,
  underWay,
  unfinished,
} from "./reconcile-result.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const fresh = madeUpExport("reports");
const having = (status: ExportStatus): Export => madeUpExport("reports", {}, { status });
const job = (over: Partial<JobObservation> = {}): JobObservation => ({
  attempt: 0,
  phase: "running",
  progress: someProgress,
  parts: { succeeded: 1, reused: 0 },
  ...over,
});
const working = (over: Partial<JobObservation> = {}) => underWay(fresh, job(over), now);
const waiting = (reason: string, message: string) => working({ waiting: { reason, message } });
const paused = (reason: "Suspended" | "Canceling" | "Deleting") => unfinished(fresh, reason, "it is", now);

const queued = started(fresh, "/mnt/x", now);
const planning = working({ progress: { ...someProgress, planned: false } });
const packing = working({ progress: { ...someProgress, planned: true, plannedParts: 3 } });
const lost = failureOf(new LongshoreError("WorkerLost", "the worker w is lost with its node n"));
const denied = failureOf(new LongshoreError("SourceUnreadable", "the source may not be read"));

type Row = readonly [before: ExportStatus | undefined, after: ExportStatus, told: string, code?: ErrorCode];

const table: Record<string, Row> = {
  "that it is queued": [undefined, queued, ""],
  "that it plans": [queued, planning, "Normal Planning: the source is being walked"],
  "how far it is": [planning, { ...planning, progress: { ...someProgress, bytes: 1e6 } }, ""],
  "that it packs": [planning, packing, /Normal Packing: 3 parts of .* of content are planned/.source],
  "that it is done": [
    packing,
    completed(fresh, { ...doneResult, differences: 0 }, now),
    `Normal Succeeded: all ${doneResult.parts.total} parts are proved`,
  ],
  "what is in the way": [
    queued,
    waiting("PodRefused", "exceeded quota"),
    "Warning PodRefused: exceeded quota",
  ],
  "the same once": [waiting("PodRefused", "a"), waiting("PodRefused", "a"), ""],
  "another thing in the way": [
    waiting("PodRefused", "a"),
    waiting("PodRefused", "b"),
    "Warning PodRefused: b",
  ],
  "that it is suspended": [packing, paused("Suspended"), "Normal Suspended: it is"],
  "that it is resumed": [paused("Suspended"), queued, "Normal Resumed: it goes on from what is done"],
  "that it is resumed and at once in trouble": [
    paused("Suspended"),
    waiting("Unschedulable", "no node"),
    "Normal Resumed: it goes on from what is done, Warning Unschedulable: no node",
  ],
  "not that it is resumed where it is cancelled": [paused("Suspended"), paused("Canceling"), ""],
  "that it is cancelled": [paused("Canceling"), canceled(fresh, now), "Normal Canceled: it was cancelled"],
  "that data could not be removed": [
    paused("Deleting"),
    removalFailed(fresh, "Deleting", denied, now),
    /Warning RemovalFailed: the data could not be removed yet: the source may not be read/.source,
  ],
  "that a worker is lost": [
    packing,
    attemptFailed(fresh, lost, { attempt: 0 }, now),
    "Warning WorkerLost: attempt 1 failed: the worker w is lost with its node n",
    "WorkerLost",
  ],
  "that an attempt failed": [
    packing,
    attemptFailed(fresh, lost, { attempt: 0 }, now),
    "Warning AttemptFailed: attempt 1 failed: the worker w is lost with its node n",
    "StoreBusy",
  ],
  "that the next could not even begin": [
    attemptFailed(fresh, lost, { attempt: 0 }, now),
    attemptFailed(fresh, lost, { attempt: 1 }, now),
    "Warning AttemptFailed: attempt 2 failed: the worker w is lost with its node n",
  ],
  "that it failed for good": [
    packing,
    attemptFailed(fresh, denied, { attempt: 0 }, now),
    /Warning Failed: SourceUnreadable: the source may not be read/.source,
  ],
};

describe("people are told", () => {
  for (const [name, [before, after, expected, code]] of Object.entries(table))
    test(name, () => {
      const events = exportEvents(before === undefined ? fresh : having(before), after, code);
      const told = events.map(({ type, reason, note }) => `${type} ${reason}: ${note}`).join(", ");
      if (expected === "") assert.equal(told, "");
      else assert.match(told, new RegExp(`^${expected}`));
      for (const { about } of events) {
        const { namespace, name: of, uid } = fresh.metadata;
        assert.deepEqual(about, {
          apiVersion: "longshore.dev/v1alpha1",
          kind: "Export",
          namespace,
          name: of,
          uid,
        });
      }
    });
});
