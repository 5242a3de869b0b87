import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type GivenSpec, madeUpExport } from "../../test/fixtures/made-up-resources.ts";
import { doneResult, someProgress } from "../../test/fixtures/scripted-runner.ts";
import { LongshoreError } from "../domain/errors.ts";
import type { JobObservation } from "../domain/ports/job-runner.ts";
import { conditionOf } from "../domain/resources/condition.ts";
import { ExportStatus } from "../domain/resources/export.ts";
import type { Export } from "../domain/resources/resource.ts";
import {
  attemptFailed,
  canceled,
  completed,
  endedAgain,
  failureOf,
  failureOfJob,
  removalFailed,
  started,
  underWay,
  unfinished,
} from "./reconcile-result.ts";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
const job: JobObservation = {
  attempt: 0,
  phase: "running",
  progress: someProgress,
  parts: { succeeded: 2, reused: 1 },
};

const noParts = { succeeded: 0, reused: 0 };

const fresh = (spec: GivenSpec = {}): Export => madeUpExport("reports", spec);
const having = (status: ExportStatus, spec: GivenSpec = {}): Export =>
  madeUpExport("reports", spec, { status, metadata: { generation: 4 } });

const location = "/mnt/handover/default/reports";
const running = underWay(having(started(fresh(), location, now - 60_000)), job, now - 1000);
const full = failureOf(new LongshoreError("DestinationFull", "the destination /mnt is full"));
const denied = failureOf(new LongshoreError("SourceUnreadable", "the source /srv may not be read"));

const succeeded = (status: ExportStatus) => conditionOf(status.conditions, "Succeeded") ?? assert.fail();

describe("the status of an export", () => {
  test("is one that the schema knows, whatever becomes of it", () => {
    const resource = having(running, { ttlSecondsAfterFinished: 60 });
    const statuses = [
      unfinished(fresh(), "Pending", "waits", now),
      started(resource, location, now),
      underWay(resource, job, now),
      completed(resource, doneResult, now),
      canceled(resource, now),
      attemptFailed(resource, full, { attempt: 0 }, now),
      attemptFailed(resource, denied, { attempt: 0 }, now),
      removalFailed(resource, "Deleting", full, now),
      endedAgain(having(completed(resource, doneResult, now))),
    ];
    for (const status of statuses) assert.deepEqual(ExportStatus.parse(status), status);
  });

  test("says what a runner waits for, where somebody may have to do something about it", () => {
    const waiting = { reason: "Unschedulable", message: "no node takes it" };
    for (const phase of ["queued", "running"] as const) {
      const { status, reason, message } = succeeded(underWay(fresh(), { ...job, phase, waiting }, now));
      assert.deepEqual({ status, reason, message }, { status: "Unknown", ...waiting });
    }
  });

  test("says where it lies and since when, from its first start on", () => {
    const first = started(fresh(), location, now);
    assert.deepEqual([first.location, first.startTime, succeeded(first).reason], [location, at(0), "Queued"]);
    assert.equal(started(having(first), location, now + 5000).startTime, at(0));
  });

  test("says how far a running attempt is, and nothing of that afterwards", () => {
    assert.deepEqual(running.progress, someProgress);
    assert.deepEqual(running.parts, { total: 4, succeeded: 2, reused: 1, failed: 0 });
    assert.deepEqual(running.display, { parts: "2/4", size: "4.9Ki" });
    const resource = having(running);
    for (const after of [
      completed(resource, doneResult, now),
      canceled(resource, now),
      attemptFailed(resource, full, { attempt: 0 }, now),
      unfinished(resource, "Suspended", "", now),
    ])
      assert.equal(after.progress, undefined);
  });

  test("says of a finished export all that it is", () => {
    const status = completed(having(running, { ttlSecondsAfterFinished: 60 }), doneResult, now);
    const { conditions, ...rest } = status;
    assert.deepEqual(rest, {
      observedGeneration: 4,
      startTime: at(-60),
      completionTime: at(0),
      expirationTime: at(60),
      location,
      files: 3,
      differences: 0,
      parts: { total: 5, succeeded: 5, reused: 1, failed: 0 },
      bytes: { source: 5000, written: 2000, redone: 0 },
      display: { parts: "5/5", size: "2Ki" },
      manifestDigest: doneResult.manifestDigest,
      archive: { file: "reports.tar.zst", size: 2048, etag: "0f3a" },
    });
    assert.deepEqual(conditions, [
      {
        type: "Succeeded",
        status: "True",
        reason: "Completed",
        message: "all 5 parts are proved",
        observedGeneration: 4,
        lastTransitionTime: at(0),
      },
    ]);
  });

  test("says the size of what is written where there is no archive, and that there are differences", () => {
    const { archive: _archive, ...files } = doneResult;
    const status = completed(having(running), { ...files, differences: 1 }, now);
    assert.equal(status.archive, undefined);
    assert.equal(status.display?.size, "2Ki");
    assert.equal(succeeded(status).reason, "CompletedWithDifferences");
    assert.match(succeeded(status).message, /1 entry is not as planned/);
  });

  test("says nothing of what a cancelled export had", () => {
    const status = canceled(having(running), now);
    assert.deepEqual(Object.keys(status).toSorted(), [
      "completionTime",
      "conditions",
      "observedGeneration",
      "startTime",
    ]);
    assert.equal(succeeded(status).status, "False");
  });

  test("keeps the conditions of others, and the time of a transition while there is none", () => {
    const other = {
      type: "SourceConsistent",
      status: "True" as const,
      reason: "Live",
      message: "",
      lastTransitionTime: at(-99),
    };
    const resource = having({ ...running, conditions: [other, ...(running.conditions ?? [])] });
    const retrying = attemptFailed(resource, full, { attempt: 0 }, now);
    assert.deepEqual(conditionOf(retrying.conditions, "SourceConsistent"), other);
    assert.equal(succeeded(retrying).lastTransitionTime, at(-60));
    assert.equal(succeeded(completed(resource, doneResult, now)).lastTransitionTime, at(0));
  });

  test("says what is not too long for a condition", () => {
    const long = failureOf(new LongshoreError("DestinationFull", "x".repeat(100_000)));
    ExportStatus.parse(attemptFailed(fresh(), long, { attempt: 0 }, now));
  });
});

describe("an attempt that failed", () => {
  test("is followed by another, ever later, until it was the last", () => {
    const waits: (number | string)[] = [];
    let resource = having(running, { backoffLimit: 11 });
    for (let attempt = 0; attempt < 12; attempt++) {
      const status = attemptFailed(resource, full, { attempt }, now);
      const { nextAttemptTime, failures } = status;
      assert.equal(failures, attempt + 1);
      waits.push(
        nextAttemptTime === undefined ? succeeded(status).reason : (Date.parse(nextAttemptTime) - now) / 1000,
      );
      resource = having(status, { backoffLimit: 11 });
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, "DestinationFull"]);
  });

  test("is the last at once where somebody must act, and says what to do", () => {
    const status = attemptFailed(having(running), denied, { attempt: 0 }, now);
    const { status: outcome, reason, message } = succeeded(status);
    assert.deepEqual([outcome, reason, status.completionTime], ["False", "SourceUnreadable", at(0)]);
    assert.match(message, /may not be read: check its permissions/);
    assert.equal(status.nextAttemptTime, undefined);
  });

  test("says why there will be another", () => {
    const { reason, status, message } = succeeded(attemptFailed(having(running), full, { attempt: 1 }, now));
    assert.deepEqual([status, reason], ["Unknown", "Retrying"]);
    assert.equal(message, `attempt 2 failed: the destination /mnt is full; the next begins at ${at(1)}`);
  });

  test("that made another part safe does not bring the end nearer, and still waits", () => {
    const spec = { backoffLimit: 1 };
    let resource = having(running, spec);
    const outcomes = [2, 3, 3, 4, 0, 0].map((succeeded, attempt) => {
      const parts = { succeeded, reused: 0 };
      const status = attemptFailed(resource, full, { attempt, progress: someProgress, parts }, now);
      resource = having(status, spec);
      const { nextAttemptTime, retries } = status;
      return nextAttemptTime === undefined ? "ended" : `${retries?.inVain} ${nextAttemptTime}`;
    });
    const [soon, still] = [`0 ${at(1)}`, `1 ${at(1)}`];
    assert.deepEqual(outcomes, [soon, soon, still, soon, still, "ended"]);
  });

  test("keeps what it is known to have made safe, and is missing the rest when it was the last", () => {
    const parts = { succeeded: 3, reused: 1 };
    const attempt = { attempt: 0, progress: someProgress, parts };
    const retrying = attemptFailed(having(running), full, attempt, now);
    assert.deepEqual(retrying.parts, { total: 4, succeeded: 3, reused: 1, failed: 0 });
    assert.equal(retrying.display?.parts, "3/4");
    const ended = attemptFailed(having(running), denied, attempt, now);
    assert.deepEqual(ended.parts, { total: 4, succeeded: 3, reused: 1, failed: 1 });
    const unheard = { ...attempt, progress: { ...someProgress, plannedParts: 0 }, parts: noParts };
    assert.deepEqual(attemptFailed(having(retrying), full, unheard, now).parts, retrying.parts);
  });

  test("says nothing of an error that nobody expected, and is tried again", () => {
    const secret = "https://key:secret@store.example.com";
    for (const failure of [
      failureOf(new TypeError(`cannot fetch ${secret}`)),
      failureOf(secret),
      failureOfJob({ message: `cannot fetch ${secret}` }),
      failureOfJob(undefined),
    ]) {
      assert.equal(failure.kind, "try again");
      const status = attemptFailed(having(running, { backoffLimit: 0 }), failure, { attempt: 0 }, now);
      assert.equal(succeeded(status).reason, "InternalError");
      assert.ok(!JSON.stringify(status).includes("secret"));
    }
  });

  test("is sorted by what its runner said of it", () => {
    assert.equal(failureOfJob({ code: "WorkerLost", message: "m" }).kind, "try again");
    assert.equal(failureOfJob({ code: "LocationOccupied", message: "m" }).kind, "user must act");
    assert.equal(failureOfJob({ code: "PlaceUnfit", message: "m", hint: "mend it" }).hint, "mend it");
    // Its own is for whoever runs a command.
    const said = failureOfJob({ code: "LocationOccupied", message: "m", hint: "use another --name" });
    assert.equal(said.hint, "choose another name for the Export, or another destination");
  });
});

test("what became of an export holds for the spec that it has now", () => {
  const other = { type: "SourceConsistent", status: "True", reason: "Live", message: "" } as const;
  const others = [{ ...other, lastTransitionTime: at(-99), observedGeneration: 1 }];
  const done = completed(having({ ...running, conditions: others }), doneResult, now);
  const touched = madeUpExport("reports", {}, { status: done, metadata: { generation: 5 } });
  const { conditions, observedGeneration } = endedAgain(touched);
  assert.equal(observedGeneration, 5);
  assert.deepEqual(conditions, [
    ...others,
    { ...succeeded(done), observedGeneration: 5, lastTransitionTime: at(0) },
  ]);
});

test("when an export expires follows its spec", () => {
  const done = completed(having(running, { ttlSecondsAfterFinished: 60 }), doneResult, now);
  assert.equal(endedAgain(having(done, { ttlSecondsAfterFinished: 5 })).expirationTime, at(5));
  assert.equal(endedAgain(having(done)).expirationTime, undefined);
  assert.equal(endedAgain(having(done, { ttlSecondsAfterFinished: 0 })).expirationTime, at(0));
});
