import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  clusterTime,
  ended,
  madeUpEvent,
  madeUpJob,
  madeUpPod,
  pending,
  running,
  timeBefore,
  unscheduled,
} from "../../../test/fixtures/kube-jobs.ts";
import type { Job } from "./objects.ts";
import { nextLook, type RemovalFacts, removalBy } from "./removal-by-job.ts";

const cleanup = madeUpJob("cleanup");
const madeAgo = (seconds: number): Job => ({
  ...cleanup,
  metadata: { ...cleanup.metadata, creationTimestamp: timeBefore(seconds) },
});
const complete = madeUpJob("cleanup", "Complete");
const failed = madeUpJob("cleanup", "Failed");
const denied = { stage: "cleanup", error: { code: "StoreDenied", message: "it may not be removed" } };
const held = { reason: "Unschedulable", message: "0/1 nodes are available" };

const table: Record<string, readonly [Partial<RemovalFacts>, string]> = {
  "a pod that works": [{ pods: [madeUpPod(cleanup, 0, running)] }, "works"],
  done: [{ job: complete }, "removed"],
  "done, while a lost node keeps another pod for ever": [
    {
      job: { ...cleanup, status: { conditions: [{ type: "SuccessCriteriaMet", status: "True" }] } },
      pods: [madeUpPod(cleanup, 0, running, { deletionTimestamp: timeBefore(500) })],
    },
    "removed",
  ],
  "failed in its own words": [
    { job: failed, pods: [madeUpPod(failed, 0, ended(1, denied))] },
    "left: it may not be removed",
  ],
  "failed, and was known to wait": [
    { job: failed, before: held },
    "left: the Job is Failed; it waited: 0/1 nodes are available",
  ],
  "failed, and took its time to begin": [
    { job: failed, before: { ...held, isUsual: true } },
    "left: the Job is Failed",
  ],
  "no node takes its pod": [
    { pods: [madeUpPod(cleanup, 0, unscheduled("0/1 nodes are available"))] },
    "waits: 0/1 nodes are available",
  ],
  "its Secret is gone": [
    {
      pods: [madeUpPod(cleanup, 0, pending("ContainerCreating"))],
      events: [madeUpEvent(madeUpPod(cleanup, 0, {}), "FailedMount", 'secret "keys" not found')],
    },
    'left: secret "keys" not found',
  ],
  "a lost node has its pod, and its time is not over": [
    { job: madeAgo(659), pods: [madeUpPod(cleanup, 0, running, { deletionTimestamp: timeBefore(30) })] },
    "works",
  ],
  "a lost node has its pod, and its time is over": [
    { job: madeAgo(660), pods: [madeUpPod(cleanup, 0, running, { deletionTimestamp: timeBefore(30) })] },
    "left: its Job has not ended in its time, as when a node is lost",
  ],
  "its pod never began, and nobody ended its Job": [
    { job: madeAgo(660), pods: [madeUpPod(cleanup, 0, unscheduled("0/1 nodes are available"))] },
    "left: its Job has not ended in its time, as when a node is lost; it waited: 0/1 nodes are available",
  ],
};

function short(facts: Partial<RemovalFacts>): string {
  const given = { job: cleanup, pods: [], events: [], before: undefined, now: clusterTime };
  const removal = removalBy({ ...given, ...facts });
  if (removal === undefined) return "works";
  if ("waiting" in removal) return `waits: ${removal.waiting.message}`;
  return removal.left === undefined ? "removed" : `left: ${removal.left}`;
}

describe("what the Job that removes data amounts to", () => {
  for (const [name, [facts, expected]] of Object.entries(table))
    test(name, () => assert.equal(short(facts), expected));

  test("it is looked at again when its time is over, at the latest", () => {
    const pods = [madeUpPod(cleanup, 0, running)];
    assert.equal((nextLook(madeAgo(100), pods, clusterTime) - clusterTime) / 1000, 560);
    assert.equal((nextLook(madeAgo(3), [], clusterTime) - clusterTime) / 1000, 7);
  });
});
