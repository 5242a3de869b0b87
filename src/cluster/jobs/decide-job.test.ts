import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  clusterTime,
  ended,
  madeUpEvent,
  madeUpJob,
  madeUpNode,
  madeUpPod,
  pending,
  running,
  timeBefore,
  unscheduled,
} from "../../../test/fixtures/kube-jobs.ts";
import type { Job, Pod } from "./objects.ts";
import { decideJob, type JobDecision, type JobFacts } from "./decide-job.ts";

const decide = (facts: Partial<JobFacts>): JobDecision | undefined =>
  decideJob({ jobs: [], pods: [], events: [], nodeOf: () => undefined, now: clusterTime, ...facts });

const result = {
  manifestDigest: "ab".repeat(32),
  files: 7,
  differences: 0,
  parts: { total: 3, reused: 1 },
  bytes: { source: 500, written: 200, redone: 0 },
};
const all = madeUpJob("all");
const plan = madeUpJob("plan", "Complete");
const planned = madeUpPod(plan, 0, ended(0, { stage: "plan", planned: { parts: 4, files: 9, bytes: 999 } }));
const pack = madeUpJob("pack");
const packed = (parts: number) => ({ stage: "pack", packed: { parts, reused: 1, files: 2, bytes: 30 } });
const again = (stage: "all" | "finalize") => madeUpJob(stage, "Complete", { run: 1 });

/** "phase", with what is created, waited for or wrong. */
function short(decision: JobDecision | undefined): string {
  if (decision === undefined) return "nothing";
  const { observation, create, bereft, lookAgain } = decision;
  const { phase, waiting, error } = observation;
  return [
    phase,
    ...(create
      ? [
          `create ${create.stage} ${create.run} after ${create.after.metadata.labels?.["longshore.dev/stage"]}`,
        ]
      : []),
    ...(bereft ? ["bereft"] : []),
    ...(waiting ? [`${waiting.reason}: ${waiting.message}`] : []),
    ...(error ? [`${error.code}: ${error.message}`] : []),
    ...(lookAgain === undefined ? [] : [`again in ${(lookAgain - clusterTime) / 1000} s`]),
  ].join(", ");
}

const error = (code: string, message: string) => ({
  stage: "pack",
  error: { code, message, hint: "do this" },
});
const madeAgo = <T extends Job | Pod>(made: T, seconds: number): T => ({
  ...made,
  metadata: { ...made.metadata, creationTimestamp: timeBefore(seconds) },
});
const resumedAgo = (job: Job, seconds: number): Job => ({
  ...job,
  status: { conditions: [{ type: "Suspended", status: "False", lastTransitionTime: timeBefore(seconds) }] },
});
function nowhere(pod: Pod): Pod {
  const { nodeName: _node, ...spec } = pod.spec;
  return { ...pod, spec };
}
const complete = madeUpJob("all", "Complete");
const failed = madeUpJob("all", "Failed");
const paused = madeUpJob("pack", undefined, { suspend: true });
const packFailed = madeUpJob("pack", "Failed");

const table: Record<string, readonly [Partial<JobFacts>, string]> = {
  "no Job": [{}, "nothing"],
  "a Job that was made a moment ago": [{ jobs: [madeAgo(all, 3)] }, "queued, again in 7 s"],
  "a Job without pods": [
    { jobs: [all] },
    `queued, Starting: Kubernetes has made no pod of the Job ${all.metadata.name}`,
  ],
  "a Job that was resumed a moment ago": [{ jobs: [resumedAgo(all, 3)] }, "queued, again in 7 s"],
  "a pod that is being made": [
    { jobs: [all], pods: [madeAgo(madeUpPod(all, 0, pending("ContainerCreating")), 9)] },
    "queued, again in 1 s",
  ],
  "a pod that its node does not start": [
    { jobs: [all], pods: [madeUpPod(all, 0, pending("ContainerCreating"))] },
    `queued, Starting: the pod ${all.metadata.name}-0 waits to be started on node node-1`,
  ],
  "a pod that nobody gives a node to, or says why": [
    { jobs: [all], pods: [nowhere(madeUpPod(all, 0, { phase: "Pending" }))] },
    `queued, Starting: the pod ${all.metadata.name}-0 waits for a node`,
  ],
  "a pod whose network can't be made": [
    {
      jobs: [all],
      pods: [madeUpPod(all, 0, pending("ContainerCreating"))],
      events: [madeUpEvent(madeUpPod(all, 0, {}), "FailedCreatePodSandBox", "no such handler")],
    },
    "queued, FailedCreatePodSandBox: no such handler",
  ],
  "one that is about to begin beside one that is refused": [
    {
      jobs: [plan, pack],
      pods: [madeUpPod(pack, 0, pending("ContainerCreating"))],
      events: [madeUpEvent(pack, "FailedCreate", "exceeded quota")],
    },
    "running, PodRefused: exceeded quota",
  ],
  "a pod that works": [{ jobs: [all], pods: [madeUpPod(all, 0, running)] }, "running"],
  "planned: it is packed next": [{ jobs: [plan], pods: [planned] }, "running, create pack 0 after plan"],
  "planned, and its pod is gone": [{ jobs: [plan] }, "running, create pack 0 after plan"],
  "packing that waits for its pods": [
    { jobs: [plan, pack], pods: [planned] },
    `running, Starting: Kubernetes has made no pod of the Job ${pack.metadata.name}`,
  ],
  "packed: it is finalized next": [
    { jobs: [madeUpJob("pack", "Complete"), plan], pods: [planned] },
    "running, create finalize 0 after pack",
  ],
  "done, with its last words": [
    { jobs: [complete], pods: [madeUpPod(complete, 0, ended(0, { stage: "all", result }))] },
    "succeeded",
  ],
  "done, as its last words say before its Job does": [
    { jobs: [all], pods: [madeUpPod(all, 0, { ...ended(0, { stage: "all", result }), phase: "Running" })] },
    "succeeded",
  ],
  "words of one who failed, beside one who works": [
    {
      jobs: [all],
      pods: [madeUpPod(all, 0, running), madeUpPod(all, 1, ended(1, { stage: "all", result }))],
    },
    "running",
  ],
  "words of one that Kubernetes does not count, beside one who works": [
    {
      jobs: [all],
      pods: [
        madeUpPod(all, 0, running),
        madeUpPod(all, 1, ended(0, { stage: "all", result }), { finalizers: [] }),
      ],
    },
    "running",
  ],
  "words of one that Kubernetes does not take for the Job's": [
    { jobs: [all], pods: [madeUpPod(all, 1, ended(0, { stage: "all", result }), { labels: {} })] },
    `queued, Starting: Kubernetes has made no pod of the Job ${all.metadata.name}`,
  ],
  "words of a result from one who packs": [
    { jobs: [plan, pack], pods: [madeUpPod(pack, 0, ended(0, { stage: "pack", result }))] },
    "running",
  ],
  "done, and two say different things of it: once more": [
    {
      jobs: [complete],
      pods: [
        madeUpPod(complete, 0, ended(0, { stage: "all", result })),
        madeUpPod(complete, 1, ended(0, { stage: "all", result: { ...result, files: 8 } })),
      ],
    },
    "running, create all 1 after all",
  ],
  "done without a word: once more": [{ jobs: [complete] }, "running, create all 1 after all"],
  "done with words of somebody else: once more": [
    { jobs: [complete], pods: [madeUpPod(complete, 0, ended(0, "{}"))] },
    "running, create all 1 after all",
  ],
  "done twice without a word": [
    { jobs: [complete, again("all")] },
    "failed, WorkerLost: its workers succeeded twice and left no word of what came out",
  ],
  "finalized without a word: once more": [
    { jobs: [plan, madeUpJob("pack", "Complete"), madeUpJob("finalize", "Complete")] },
    "running, create finalize 1 after finalize",
  ],
  "the last attempt counts": [
    { jobs: [failed, madeAgo(madeUpJob("all", undefined, { attempt: 1 }), 4)] },
    "queued, again in 6 s",
  ],
  "failed in its own words": [
    { jobs: [failed], pods: [madeUpPod(failed, 0, ended(1, error("SourceNotFound", "it is not there")))] },
    "failed, SourceNotFound: it is not there",
  ],
  "failed: the last that says why": [
    {
      jobs: [packFailed],
      pods: [
        madeUpPod(packFailed, 0, ended(2, error("StoreBusy", "earlier"), 30)),
        madeUpPod(packFailed, 1, ended(1, error("StoreDenied", "later"), 20)),
        madeUpPod(packFailed, 2, ended(130, error("Interrupted", "told to stop"), 10)),
        madeUpPod(packFailed, 3, ended(137, undefined, 5)),
      ],
    },
    "failed, StoreDenied: later",
  ],
  "failed with an unknown code": [
    { jobs: [failed], pods: [madeUpPod(failed, 0, ended(1, error("Evil", "it is not there")))] },
    `failed, WorkerLost: the worker ${failed.metadata.name}-0 ended with 1 and without a word`,
  ],
  "failed for want of memory": [
    {
      jobs: [failed],
      pods: [
        madeUpPod(failed, 0, {
          phase: "Failed",
          containerStatuses: [
            { name: "worker", state: { terminated: { exitCode: 137, reason: "OOMKilled" } } },
          ],
        }),
      ],
    },
    `failed, WorkerLost: the worker ${failed.metadata.name}-0 was ended because it took more memory than it may have`,
  ],
  evicted: [
    {
      jobs: [failed],
      pods: [madeUpPod(failed, 0, { phase: "Failed", reason: "Evicted", message: "low on disk" })],
    },
    `failed, WorkerLost: the worker ${failed.metadata.name}-0 was ended (Evicted: low on disk)`,
  ],
  "failed, and nothing is left": [{ jobs: [failed] }, "failed, WorkerLost: the Job is Failed"],
  "an image that can't be pulled": [
    { jobs: [all], pods: [madeUpPod(all, 0, pending("ImagePullBackOff", "no such image"))] },
    "queued, ImagePullBackOff: no such image",
  ],
  "no node": [
    { jobs: [all], pods: [madeUpPod(all, 0, unscheduled("0/1 nodes are available"))] },
    "queued, Unschedulable: 0/1 nodes are available",
  ],
  "a volume that can't be mounted": [
    {
      jobs: [all],
      pods: [madeUpPod(all, 0, pending("ContainerCreating"))],
      events: [
        madeUpEvent(madeUpPod(all, 0, {}), "FailedMount", "an older sentence", 60),
        madeUpEvent(madeUpPod(all, 0, {}), "FailedMount", 'secret "x" not found'),
        madeUpEvent(madeUpPod(all, 1, {}), "FailedMount", "another pod's"),
      ],
    },
    'queued, FailedMount: secret "x" not found',
  ],
  "a pod that is refused": [
    { jobs: [all], events: [madeUpEvent(all, "FailedCreate", "exceeded quota")] },
    "queued, PodRefused: exceeded quota",
  ],
  "a pod that was refused and is let in since": [
    {
      jobs: [all],
      pods: [madeUpPod(all, 0, running, { creationTimestamp: timeBefore(1) })],
      events: [madeUpEvent(all, "FailedCreate", "exceeded quota")],
    },
    "running",
  ],
  "one of two that is refused": [
    {
      jobs: [plan, pack],
      pods: [planned, madeUpPod(pack, 0, running)],
      events: [madeUpEvent(pack, "FailedCreate", "exceeded quota")],
    },
    "running, PodRefused: exceeded quota",
  ],
  "a pod that should be gone soon": [
    { jobs: [all], pods: [madeUpPod(all, 0, running, { deletionTimestamp: timeBefore(59) })] },
    "running, again in 1 s",
  ],
  "a pod that should be gone for a minute": [
    { jobs: [all], pods: [madeUpPod(all, 0, running, { deletionTimestamp: timeBefore(60) })] },
    `failed, WorkerLost: the worker ${all.metadata.name}-0 is lost with its node node-1`,
  ],
  "a pod that ended though it should be gone": [
    { jobs: [pack], pods: [madeUpPod(pack, 0, ended(0, packed(2)), { deletionTimestamp: timeBefore(99) })] },
    "running",
  ],
  "a node that is not heard of": [
    { jobs: [all], pods: [madeUpPod(all, 0, running)], nodeOf: () => madeUpNode("Unknown", 20) },
    "running, again in 40 s",
  ],
  "a node that is lost": [
    { jobs: [all], pods: [madeUpPod(all, 0, running)], nodeOf: () => madeUpNode("Unknown", 61) },
    `failed, WorkerLost: the worker ${all.metadata.name}-0 is lost with its node node-1`,
  ],
  "a pod that was removed a moment ago, and has no successor": [
    {
      jobs: [pack],
      pods: [madeUpPod(pack, 0, ended(130, undefined, 2), { deletionTimestamp: timeBefore(0) })],
    },
    "running, again in 3 s",
  ],
  "a pod that was removed a while ago, and has no successor": [
    {
      jobs: [pack],
      pods: [madeUpPod(pack, 0, ended(130, undefined, 20), { deletionTimestamp: timeBefore(0) })],
    },
    "running, bereft, again in 20 s",
  ],
  "a pod that was removed a while ago, and one that works": [
    {
      jobs: [pack],
      pods: [
        madeUpPod(pack, 0, ended(130, undefined, 20), { deletionTimestamp: timeBefore(0) }),
        madeUpPod(pack, 1, running),
      ],
    },
    "running",
  ],
  "suspended, and its pods are gone": [{ jobs: [plan, paused] }, "suspended"],
  "suspended, and one of its pods still works": [
    { jobs: [plan, paused], pods: [madeUpPod(paused, 0, running, { deletionTimestamp: timeBefore(1) })] },
    "running, again in 59 s",
  ],
  "suspended, and one of its pods is lost": [
    { jobs: [plan, paused], pods: [madeUpPod(paused, 0, running, { deletionTimestamp: timeBefore(61) })] },
    "suspended",
  ],
  "suspended, and Kubernetes has not seen it": [
    { jobs: [{ ...madeAgo(all, 1), spec: { ...all.spec, suspend: true } }] },
    "queued, again in 9 s",
  ],
  "suspended between two Jobs: none is made": [
    { jobs: [madeUpJob("plan", "Complete", { suspend: true })] },
    "suspended",
  ],
  "suspended when it was done": [
    {
      jobs: [madeUpJob("all", "Complete", { suspend: true })],
      pods: [madeUpPod(complete, 0, ended(0, { stage: "all", result }))],
    },
    "succeeded",
  ],
  "suspended when it was done without a word": [
    { jobs: [madeUpJob("all", "Complete", { suspend: true })] },
    "suspended",
  ],
  "suspended before its pod could begin": [
    { jobs: [madeUpJob("all", "Failed", { suspend: true })], pods: [madeUpPod(failed, 0, ended(137))] },
    "suspended",
  ],
  "suspended when it had failed": [
    {
      jobs: [madeUpJob("all", "Failed", { suspend: true })],
      pods: [madeUpPod(failed, 0, ended(1, error("SourceNotFound", "it is not there")))],
    },
    "failed, SourceNotFound: it is not there",
  ],
  "a node that is well": [
    { jobs: [all], pods: [madeUpPod(all, 0, running)], nodeOf: () => madeUpNode("True", 9999) },
    "running",
  ],
};

describe("what an export's Jobs amount to", () => {
  for (const [name, [facts, expected]] of Object.entries(table))
    test(name, () => assert.equal(short(decide(facts)), expected));

  test("adds up what planner and packers said", () => {
    const pods = [planned, madeUpPod(pack, 0, ended(0, packed(2))), madeUpPod(pack, 1, running)];
    const { observation } = decide({ jobs: [plan, pack], pods }) ?? assert.fail();
    assert.deepEqual(observation.progress, {
      plannedBytes: 999,
      plannedFiles: 9,
      plannedParts: 4,
      planned: true,
      bytes: 30,
      files: 2,
    });
    assert.deepEqual(observation.parts, { succeeded: 2, reused: 1 });
  });

  test("of a success everything is done", () => {
    const pods = [madeUpPod(complete, 0, ended(0, { stage: "all", result }))];
    const { observation } = decide({ jobs: [complete], pods }) ?? assert.fail();
    assert.deepEqual(observation.result, result);
    assert.deepEqual(observation.parts, { succeeded: 3, reused: 1 });
    assert.equal(observation.progress.plannedParts, 3);
  });

  test("a pod counts for the Job that made it alone", () => {
    const foreign = madeUpPod(complete, 0, ended(0, { stage: "all", result }), { ownerReferences: [] });
    assert.equal(short(decide({ jobs: [complete], pods: [foreign] })), "running, create all 1 after all");
  });
});
