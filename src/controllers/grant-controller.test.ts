import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  creationTime,
  type MadeUp,
  madeUpExport,
  madeUpGrant,
} from "../../test/fixtures/made-up-resources.ts";
import { conditionOf } from "../domain/resources/condition.ts";
import { DownloadGrantStatus } from "../domain/resources/download-grant.ts";
import type { Export } from "../domain/resources/resource.ts";
import { decideGrant, type GrantStep } from "./grant-controller.ts";

const hour = 3_600_000;
const begin = Date.parse(creationTime);
const reports = madeUpExport("reports");
const another = madeUpExport("reports", {}, { metadata: { uid: "of-another" } });
const bound = { exportUid: reports.metadata.uid };

interface Case {
  readonly spec?: object;
  readonly status?: DownloadGrantStatus;
  readonly named?: Export | undefined;
  readonly now?: number;
}

function decide({ spec = {}, status, named, now = begin }: Case): GrantStep {
  const given: MadeUp<DownloadGrantStatus> = status === undefined ? {} : { status };
  return decideGrant(
    madeUpGrant("for-ann", "reports", { expiresInSeconds: 3600, ...spec }, given),
    named,
    now,
  );
}

function told(step: GrantStep): string {
  switch (step.kind) {
    case "set status": {
      const { status, reason } = conditionOf(step.status.conditions, "Valid") ?? assert.fail();
      return `${status} ${reason}${step.status.exportUid === undefined ? "" : `, of ${step.status.exportUid}`}`;
    }
    case "wait until":
      return `wait until ${(step.time - begin) / hour} h`;
    case "delete":
      return "delete";
  }
}

const rows: Record<string, readonly [Case, string]> = {
  "is bound to its export": [{ named: reports }, "True Active, of uid-of-reports"],
  "holds before its export is done": [{ named: reports, status: bound }, "True Active, of uid-of-reports"],
  "says that there is no export": [{}, "False ExportMissing"],
  "goes with its export": [{ status: bound }, "delete"],
  "goes when another export has the name": [{ status: bound, named: another }, "delete"],
  "is revoked": [{ named: reports, spec: { revoked: true } }, "False Revoked, of uid-of-reports"],
  "stays revoked when its time is over": [
    { named: reports, spec: { revoked: true }, now: begin + hour },
    "False Revoked, of uid-of-reports",
  ],
  expires: [{ named: reports, now: begin + hour }, "False Expired, of uid-of-reports"],
  "expires without an export": [{ now: begin + 2 * hour }, "False Expired"],
  "is there for a day": [{ named: reports, now: begin + 25 * hour - 1 }, "False Expired, of uid-of-reports"],
  "goes a day later": [{ named: reports, status: bound, now: begin + 25 * hour }, "delete"],
  "goes a day later though it was revoked": [
    { named: reports, spec: { revoked: true }, now: begin + 25 * hour },
    "delete",
  ],
};

describe("a grant", () => {
  for (const [name, [given, expected]] of Object.entries(rows))
    test(name, () => assert.equal(told(decide(given)), expected));

  test("waits for its next change when its status is right, which the schema knows", () => {
    for (const [now, expected] of [
      [begin, "wait until 1 h"],
      [begin + hour, "wait until 25 h"],
    ] as const) {
      const first = decide({ named: reports, now });
      assert.ok(first.kind === "set status");
      assert.deepEqual(DownloadGrantStatus.parse(first.status), first.status);
      assert.equal(told(decide({ named: reports, status: first.status, now })), expected);
    }
  });

  test("keeps what was counted for it", () => {
    const step = decide({ named: reports, status: { bytesServed: 7, lastUsedTime: creationTime } });
    assert.ok(step.kind === "set status");
    assert.deepEqual([step.status.bytesServed, step.status.lastUsedTime], [7, creationTime]);
    assert.equal(step.status.expirationTime, "2026-03-01T01:00:00.000Z");
  });
});
