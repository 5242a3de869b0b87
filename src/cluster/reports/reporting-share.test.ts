import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ended, madeUpJob, madeUpPod, running } from "../../../test/fixtures/kube-jobs.ts";
import type { Job, Pod } from "../jobs/objects.ts";
import { createReportedProgress } from "./reported-progress.ts";
import { shareOf } from "./reporting-share.ts";

const all = madeUpJob("all");
const pack = madeUpJob("pack");
const uid = "uid-1";
const index = (value: string) => ({ "batch.kubernetes.io/job-completion-index": value });
const packer = (value: string): Pod => madeUpPod(pack, 0, running, { annotations: index(value) });
const owner = { apiVersion: "batch/v1", kind: "Job", name: all.metadata.name, uid: all.metadata.uid ?? "" };
const owned = (over: object): Pod =>
  madeUpPod(all, 0, running, { ownerReferences: [{ ...owner, controller: true, ...over }] });
const ownerless = { ...all, metadata: { ...all.metadata, ownerReferences: [] } };

const share = (job: Job, of = 0): string => `${uid} ${job.metadata.uid} ${of}`;
const table: Record<string, readonly [Pod, readonly Job[], string]> = {
  "a worker of everything": [madeUpPod(all, 0, running), [all], share(all)],
  "a packer": [packer("1"), [pack], share(pack, 1)],
  "a packer of no share": [packer("2"), [pack], "nobody"],
  "a packer that does not say which": [madeUpPod(pack, 0, running), [pack], "nobody"],
  "a packer of a share that is no number": [packer("1e0"), [pack], "nobody"],
  "one that has ended": [madeUpPod(all, 0, ended(0)), [all], "nobody"],
  "one whose Job is not known": [madeUpPod(all, 0, running), [], "nobody"],
  "one whose Job is no Export's": [madeUpPod(all, 0, running), [ownerless], "nobody"],
  "one with our labels and no owner": [madeUpPod(all, 0, running, { ownerReferences: [] }), [all], "nobody"],
  "one that a Job owns and does not control": [owned({ controller: false }), [all], "nobody"],
  "one of another Job of that name": [owned({ uid: "another" }), [all], "nobody"],
  "one of another kind of Job": [owned({ apiVersion: "example.org/v1" }), [all], "nobody"],
  "one of a ReplicaSet": [owned({ apiVersion: "apps/v1", kind: "ReplicaSet" }), [all], "nobody"],
};

const known = (pod: Pod, jobs: readonly Job[]) => ({
  pod: ({ namespace, name }: { namespace?: string | undefined; name: string }) =>
    pod.metadata.namespace === namespace && pod.metadata.name === name ? pod : undefined,
  job: ({ name }: { name: string }) => jobs.find(({ metadata }) => metadata.name === name),
});

describe("the share that a pod works at", () => {
  for (const [name, [pod, jobs, expected]] of Object.entries(table))
    test(name, () => {
      const { namespace = "", name: podName, uid: podUid = "" } = pod.metadata;
      const found = shareOf({ namespace, name: podName, uid: podUid }, known(pod, jobs));
      assert.equal(found ? `${found.exportUid} ${found.jobUid} ${found.index}` : "nobody", expected);
      for (const other of [
        { namespace, name: podName, uid: "another" },
        { namespace: "another", name: podName, uid: podUid },
      ])
        assert.equal(shareOf(other, known(pod, jobs)), undefined);
    });

  test("is reported without going back, whoever works at it, until its Job is gone", () => {
    const reported = createReportedProgress();
    const reached = (files: number, planned: boolean) => ({
      progress: { plannedBytes: 9, plannedFiles: 9, plannedParts: 3, planned, bytes: files, files },
      parts: { succeeded: files, reused: 0 },
    });
    const one = { exportUid: uid, jobUid: "job", index: 1 };
    reported.take(one, reached(5, true));
    reported.take(one, reached(2, false));
    reported.take({ ...one, index: 2 }, reached(1, false));
    assert.deepEqual(
      [...reported.of("job")],
      [
        [1, reached(5, true)],
        [2, reached(1, false)],
      ],
    );
    reported.take(one, reached(6, false));
    assert.deepEqual(reported.of("job").get(1), reached(6, true));
    reported.forget("job");
    assert.equal(reported.of("job").size, 0);
  });
});
