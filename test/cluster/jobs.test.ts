/** Exports of a real cluster, run by the operator in pods: claims to claims, refusals, stops, losses, deletions. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";
import { claims, type Job, jobs, type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, longshoreProgram, run, temporaryFolder } from "../fixtures/run.ts";
import { noCluster, openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { installDefinitions } from "./crds.ts";
import { exportBecomes, exports as exportKind, messageOf, reasonOf, statusOf } from "./exports.ts";
import { noNode, testImage } from "./image.ts";
import { startOperator, type TestOperator } from "./operator-process.ts";
import { type TestVolumes, testVolumes } from "./volumes.ts";

const { signal } = new AbortController();
const core = (plural: string, kind: string): KubeResource => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced: true,
});
const quotas = core("resourcequotas", "ResourceQuota");
const limitRanges = core("limitranges", "LimitRange");
const events = core("events", "Event");

describe("exports in a cluster", { skip: noCluster || noNode, timeout: 900_000 }, () => {
  let cluster: TestCluster;
  let space: TestNamespace;
  let volumes: TestVolumes;
  let image: string;
  let operator: TestOperator;
  let source: string;
  let out: string;
  before(async () => {
    cluster = await openTestCluster();
    image = await testImage();
    await installDefinitions(cluster.api, signal);
    space = await cluster.namespace("c-jobs", { "pod-security.kubernetes.io/enforce": "restricted" });
    volumes = testVolumes(cluster, space.name);
    source = await volumes.add("source");
    out = await volumes.add("out");
    fill(join(source, "small"), 30, 100);
    fill(join(source, "large"), 400, 100_000);
    symlinkSync("/var/run/longshore", join(source, "evil"));
    operator = startOperator(cluster, { image, namespace: space.name });
  });
  after(async () => {
    // Its operator takes what is left with it.
    await space?.[Symbol.asyncDispose]();
    await operator?.[Symbol.asyncDispose]();
    await volumes?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const specOf = (over: object = {}): object => ({
    source: { volume: { claimName: "source", path: "small" } },
    destination: { volume: { claimName: "out", path: "exports" } },
    partSize: "256Ki",
    ...over,
  });
  const large = { source: { volume: { claimName: "source", path: "large" } }, compressionLevel: 19 };
  const create = (name: string, over: object = {}): Promise<KubeObject> => {
    const metadata = { name, namespace: space.name };
    const document = {
      apiVersion: "longshore.dev/v1alpha1",
      kind: "Export",
      metadata,
      spec: specOf(over),
    };
    return cluster.api.create(exportKind, document as KubeObject, {}, signal);
  };
  const patch = (name: string, spec: object): Promise<KubeObject> =>
    cluster.api.patch(exportKind, { namespace: space.name, name }, { spec }, {}, signal);
  const remove = (name: string): Promise<void> =>
    cluster.api.delete(exportKind, { namespace: space.name, name }, {}, signal);
  const folderOf = (name: string): string => join(out, "exports", space.name, name);

  const becomes = (name: string, isWanted: (found: Export | undefined) => boolean) =>
    exportBecomes(cluster.api, { namespace: space.name, name }, isWanted);
  const succeeded = async (name: string): Promise<Export> => {
    const found = await becomes(name, (now) => now !== undefined && statusOf(now) !== "Unknown");
    assert.equal(statusOf(found), "True", JSON.stringify(found?.status));
    return found ?? assert.fail();
  };
  const packing = (name: string) => becomes(name, (now) => now !== undefined && reasonOf(now) === "Packing");

  async function expectEqual(name: string, folder: string): Promise<void> {
    expectExit(await run(longshoreProgram, ["verify", folderOf(name)]), 0);
    await using target = temporaryFolder();
    expectExit(await run(longshoreProgram, ["extract", folderOf(name), target.join("x")]), 0);
    expectExit(await run("diff", ["-r", join(source, folder), target.join("x")]), 0);
  }
  const workerPods = async (stage: string): Promise<readonly Pod[]> => {
    const query = { namespace: space.name, labelSelector: `longshore.dev/stage=${stage}` };
    const { items } = await cluster.api.list<Pod>(pods, query, signal);
    return items.filter(({ status }) => status?.phase === "Running");
  };
  const jobsOf = async ({ metadata }: Export): Promise<readonly Job[]> => {
    const labelSelector = `longshore.dev/export-uid=${metadata.uid}`;
    return (await cluster.api.list<Job>(jobs, { namespace: space.name, labelSelector }, signal)).items;
  };

  test("Sequential: one Job, and the export is what the source is", async () => {
    await create("sequential");
    const done = await succeeded("sequential");
    assert.equal(done.status?.location, `pvc://${space.name}/out/exports/${space.name}/sequential`);
    await expectEqual("sequential", "small");
    const [job, ...others] = await jobsOf(done);
    assert.equal(others.length, 0);
    assert.equal(job?.spec.ttlSecondsAfterFinished, 600, "it goes when its result stands in the Export");
  });

  test("Indexed: plan, pack and finalize, by several workers", async () => {
    await create("indexed", { ...large, compressionLevel: 1, workers: { mode: "Indexed", count: 3 } });
    const done = await succeeded("indexed");
    await expectEqual("indexed", "large");
    const stages = (await jobsOf(done)).map(({ metadata }) => metadata.labels?.["longshore.dev/stage"]);
    assert.deepEqual(new Set(stages), new Set(["plan", "pack", "finalize"]));
    assert.equal(stages.length, 3);
  });

  test("workers that are killed, with the operator, change nothing of the export and double no Job", async () => {
    await create("killed", { ...large, workers: { mode: "Indexed", count: 3 } });
    await packing("killed");
    for (const kill of ["gently", "by force", "and the operator"]) {
      const running = await running3("killed");
      await (kill === "by force" ? removePods(running, 0) : removePods(running.slice(0, 1)));
      if (kill !== "and the operator") continue;
      operator.process.signal("SIGKILL");
      await operator.process.done;
      operator = startOperator(cluster, { image, namespace: space.name });
    }
    const done = await succeeded("killed");
    await expectEqual("killed", "large");
    const attempts = (await jobsOf(done)).filter(
      ({ metadata }) => metadata.labels?.["longshore.dev/stage"] === "pack",
    );
    assert.equal(attempts.length, (done.status?.failures ?? 0) + 1, "no Job was made twice");
  });

  /** Pods of packers that run, as soon as there is one. */
  async function running3(name: string): Promise<readonly Pod[]> {
    for (;;) {
      const found = await workerPods("pack");
      if (found.length > 0) return found;
      const now = await becomes(name, (seen) => seen !== undefined);
      if (statusOf(now) !== "Unknown") return [];
    }
  }
  async function removePods(found: readonly Pod[], gracePeriodSeconds?: number): Promise<void> {
    for (const { metadata } of found)
      await cluster.api.delete(
        pods,
        metadata,
        gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
        signal,
      );
  }

  test("suspended, nothing of it works and what is done is kept; resumed, it goes on", async () => {
    await create("suspended", { ...large, workers: { mode: "Indexed", count: 2 } });
    await packing("suspended");
    await patch("suspended", { suspend: true });
    const stopped = await becomes("suspended", (now) => now !== undefined && reasonOf(now) === "Suspended");
    assert.equal((await jobsOf(stopped ?? assert.fail())).length, 0);
    assert.ok(existsSync(join(folderOf("suspended"), "plan.json")));
    await patch("suspended", { suspend: false });
    await succeeded("suspended");
    await expectEqual("suspended", "large");
  });

  test("cancelled, its data goes and it says so", async () => {
    await create("cancelled", { ...large, workers: { mode: "Indexed", count: 2 } });
    await packing("cancelled");
    await patch("cancelled", { cancel: true });
    const ended = await becomes("cancelled", (now) => now !== undefined && statusOf(now) === "False");
    assert.equal(reasonOf(ended), "Canceled");
    assert.equal(existsSync(folderOf("cancelled")), false);
  });

  test("deleted while it packs, and after its end, nothing of it is left", async () => {
    await create("deleted", large);
    await create("finished");
    await succeeded("finished");
    const named = await becomes("deleted", (now) => now?.status?.location !== undefined);
    for (const name of ["deleted", "finished"]) await remove(name);
    for (const name of ["deleted", "finished"]) {
      await becomes(name, (now) => now === undefined);
      assert.equal(existsSync(folderOf(name)), false);
    }
    assert.equal((await jobsOf(named ?? assert.fail())).length, 0);
  });

  test("a link that leads out of its volume is refused, and nothing is written", async () => {
    await create("evil", { source: { volume: { claimName: "source", path: "evil" } } });
    const ended = await becomes("evil", (now) => now !== undefined && statusOf(now) === "False");
    assert.equal(reasonOf(ended), "PlaceNotAllowed");
    assert.match(messageOf(ended), /leads out of its volume by a symbolic link/);
    assert.equal(existsSync(folderOf("evil")), false);
  });

  const waits: Record<string, { spec: object; reason: string; message: RegExp }> = {
    "a missing claim": {
      spec: { source: { volume: { claimName: "nope" } } },
      reason: "Unschedulable",
      message: /persistentvolumeclaim "nope" not found/,
    },
    "a missing Secret": {
      spec: {
        destination: {
          bucket: { url: "s3://handover/x?region=eu", credentialsSecretRef: { name: "gone" } },
        },
      },
      reason: "FailedMount",
      message: /secret "gone" not found/,
    },
    "no node that fits": {
      spec: { workers: { nodeSelector: { disk: "ssd" } } },
      reason: "Unschedulable",
      message: /didn't match Pod's node affinity\/selector/,
    },
    "reading as root where nobody opened it": {
      spec: { workers: { readAs: "Root" } },
      reason: "PodRefused",
      message: /longshore\.dev\/privileged-workers/,
    },
  };
  for (const [index, [what, { spec, reason, message }]] of Object.entries(waits).entries())
    test(`${what} shows in its status, and does not keep it from being deleted`, async () => {
      const name = `waits-${index}`;
      await create(name, spec);
      const seen = await becomes(name, (now) => now !== undefined && reasonOf(now) === reason);
      assert.match(messageOf(seen), message);
      // Whoever asks for a node that there is not waits for it until the deadline, to remove as well.
      if (what === "no node that fits") await removeBySelf(name);
      else await remove(name);
      await becomes(name, (now) => now === undefined);
    });

  async function removeBySelf(name: string): Promise<void> {
    await patch(name, { deletionPolicy: "Retain" });
    await remove(name);
  }

  test("a quota and a LimitRange show in its status, and it begins when they allow it", async () => {
    const metadata = { name: "none", namespace: space.name };
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard: { pods: "0" } } };
    const range = {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata,
      spec: { limits: [{ type: "Container", max: { memory: "64Mi" }, default: { memory: "32Mi" } }] },
    };
    for (const [resource, object, message] of [
      [quotas, quota, /exceeded quota: none/],
      [limitRanges, range, /must be less than or equal to memory limit of 32Mi/],
    ] as const) {
      const name = `refused-by-${resource.plural}`;
      await cluster.api.create(resource, object as KubeObject, {}, signal);
      await create(name);
      const seen = await becomes(name, (now) => now !== undefined && reasonOf(now) === "PodRefused");
      assert.match(messageOf(seen), message);
      await cluster.api.delete(resource, metadata, {}, signal);
      await succeeded(name);
    }
  });

  test("a claim that is gone keeps no Export, and people are told what stays behind", async () => {
    const lost = await volumes.add("lost");
    await create("orphan", { destination: { volume: { claimName: "lost" } } });
    const done = await succeeded("orphan");
    for (const job of await jobsOf(done)) await cluster.api.delete(jobs, job.metadata, {}, signal);
    await cluster.api.delete(claims, { namespace: space.name, name: "lost" }, {}, signal);
    await remove("orphan");
    await becomes("orphan", (now) => now === undefined);
    const query = {
      namespace: space.name,
      fieldSelector: "reason=DataLeftBehind,involvedObject.name=orphan",
    };
    const { items } = await cluster.api.list(events, query, signal);
    assert.match(JSON.stringify(items), /the data in pvc:[^"]*\/orphan is left behind: the claim lost is/);
    assert.ok(readdirSync(lost).length > 0);
  });

  test("a namespace goes with its exports, at whatever they are", async () => {
    await using other = await cluster.namespace("c-jobs", {});
    await using own = testVolumes(cluster, other.name);
    fill(join(await own.add("source"), "large"), 100, 100_000);
    await own.add("out");
    await using theirs = startOperator(cluster, { image, namespace: other.name });
    assert.ok(theirs);
    const metadata = { name: "going", namespace: other.name };
    const document = { apiVersion: "longshore.dev/v1alpha1", kind: "Export", metadata, spec: specOf(large) };
    await cluster.api.create(exportKind, document as KubeObject, {}, signal);
    const begun = { namespace: other.name, labelSelector: "longshore.dev/stage=all" };
    for (;;) {
      const { items } = await cluster.api.list<Pod>(pods, begun, signal);
      if (items.some(({ status }) => status?.phase === "Running")) break;
    }
    const namespaces = { ...core("namespaces", "Namespace"), namespaced: false };
    const { resourceVersion } = await cluster.api.list(namespaces, { limit: 1 }, signal);
    await cluster.api.delete(namespaces, { name: other.name }, {}, signal);
    const fieldSelector = `metadata.name=${other.name}`;
    const query = { fieldSelector, resourceVersion, timeoutSeconds: 120 };
    for await (const event of cluster.api.watch(namespaces, query, AbortSignal.timeout(120_000)))
      if (event.type === "DELETED") return;
    assert.fail("the namespace is still there");
  });
});

function fill(folder: string, files: number, size: number): void {
  mkdirSync(folder);
  for (let i = 0; i < files; i++) writeFileSync(join(folder, `${i}`), mixedBytes(size, `${i}`));
}
