/** Exports of a real cluster that wait for their turn, as the operator's limits say. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { type Job, jobs, type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import { labels } from "../../src/cluster/jobs/worker-labels.ts";
import { apiVersion, type Export } from "../../src/domain/resources/resource.ts";
import { noCluster, openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { exportBecomes, exports, messageOf, reasonOf, statusOf } from "./exports.ts";
import { noNode, testImage } from "./image.ts";
import { startOperator, type TestOperator } from "./operator-process.ts";
import { installSystem } from "./system.ts";
import { type TestVolumes, testVolumes } from "./volumes.ts";

const { signal } = new AbortController();

describe("exports that wait for their turn", { skip: noCluster || noNode, timeout: 600_000 }, () => {
  let cluster: TestCluster;
  let space: TestNamespace;
  let volumes: TestVolumes;
  let image: string;
  before(async () => {
    cluster = await openTestCluster();
    image = await testImage();
    await installSystem(cluster);
    space = await cluster.namespace("e-turns", { "pod-security.kubernetes.io/enforce": "restricted" });
    volumes = testVolumes(cluster, space.name);
    const source = await volumes.add("source");
    await volumes.add("out");
    mkdirSync(join(source, "small"));
    writeFileSync(join(source, "small/file"), "content");
  });
  after(async () => {
    await space?.[Symbol.asyncDispose]();
    await volumes?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  async function create(name: string, over: object = {}): Promise<void> {
    const spec = {
      source: { volume: { claimName: "source", path: "small" } },
      destination: { volume: { claimName: "out", path: "exports" } },
      ...over,
    };
    const document = { apiVersion, kind: "Export", metadata: { name, namespace: space.name }, spec };
    await cluster.api.create(exports, document as KubeObject, {}, signal);
  }
  const becomes = (name: string, isWanted: (found: Export | undefined) => boolean) =>
    exportBecomes(cluster.api, { namespace: space.name, name }, isWanted);
  const has = (name: string, reason: string) => becomes(name, (now) => reasonOf(now) === reason);
  const succeeds = async (name: string): Promise<Export> => {
    const found = await becomes(name, (now) => now !== undefined && statusOf(now) !== "Unknown");
    assert.equal(statusOf(found), "True", JSON.stringify(found?.status));
    return found ?? assert.fail();
  };
  const remove = async (name: string): Promise<void> => {
    await cluster.api.delete(exports, { namespace: space.name, name }, {}, signal);
    await becomes(name, (now) => now === undefined);
  };
  const jobsNow = async (): Promise<readonly Job[]> =>
    (await cluster.api.list<Job>(jobs, { namespace: space.name }, signal)).items;
  /** When its Job was made and its worker had ended, in whole seconds. */
  async function timesOf({ metadata: { uid } }: Export): Promise<{ made: string; ended: string }> {
    const query = { namespace: space.name, labelSelector: `${labels.exportUid}=${uid}` };
    const [job] = (await cluster.api.list<Job>(jobs, query, signal)).items;
    const [pod] = (await cluster.api.list<Pod>(pods, query, signal)).items;
    const ended = pod?.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? "";
    return { made: job?.metadata.creationTimestamp ?? "", ended };
  }
  const operate = (limits: { maxRunning: number; maxRunningPerNamespace: number }): TestOperator =>
    startOperator(cluster, { image, namespace: space.name, ...limits });

  test("run one after the other in the order in which they were made", async () => {
    await using _operator = operate({ maxRunning: 1, maxRunningPerNamespace: 9 });
    const names = ["z", "y", "x"];
    for (const name of names) {
      await create(name);
      await becomes(name, (now) => reasonOf(now) !== "");
    }
    const queued = await has("x", "Queued");
    assert.match(messageOf(queued), /^waits for its turn: no more than 1 exports run .*\(maxRunning\)$/);
    const done = await Promise.all(names.map(succeeds));
    const begun = done.map(({ status }) => status?.startTime ?? "");
    assert.deepEqual(begun, begun.toSorted());
    const times = await Promise.all(done.map(timesOf));
    for (const [i, { ended }] of times.slice(0, -1).entries())
      assert.ok(ended !== "" && ended <= (times[i + 1]?.made ?? ""), JSON.stringify(times));
    for (const name of names) await remove(name);
  });

  test("keep those that run when the operator is killed, and take a place that is given up", async () => {
    const limits = { maxRunning: 9, maxRunningPerNamespace: 2 };
    const nowhere = { workers: { nodeSelector: { disk: "none" } } };
    const first = operate(limits);
    for (const name of ["held-1", "held-2"]) {
      await create(name, nowhere);
      await has(name, "Unschedulable");
    }
    await create("next");
    const queued = await has("next", "Queued");
    assert.match(messageOf(queued), /no more than 2 exports of one namespace .*\(maxRunningPerNamespace\)$/);
    assert.deepEqual([queued?.metadata.finalizers, queued?.status?.location], [undefined, undefined]);
    // Creation times are in whole seconds.
    await setTimeout(1000);
    await create("waits");
    await has("waits", "Queued");
    const before = (await jobsNow()).map(({ metadata }) => metadata.uid);
    first.process.signal("SIGKILL");
    await first.process.done;
    await using _second = operate(limits);
    await create("later");
    await has("later", "Queued");
    assert.deepEqual(
      (await jobsNow()).map(({ metadata }) => metadata.uid),
      before,
    );
    // What waits goes at once, and takes no Job to remove what it never wrote.
    await remove("waits");
    const spec = { suspend: true };
    await cluster.api.patch(exports, { namespace: space.name, name: "held-1" }, { spec }, {}, signal);
    const [next, later] = [await succeeds("next"), await succeeds("later")];
    assert.ok((next.status?.startTime ?? "") <= (later.status?.startTime ?? ""));
    assert.equal(statusOf(await has("held-2", "Unschedulable")), "Unknown");
  });
});
