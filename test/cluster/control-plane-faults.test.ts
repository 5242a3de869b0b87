/**
 * What follows a cluster's API server when that one is killed, and etcd under it. It needs a testbed for itself, as all
 * others in that cluster meet the same: the one in KUBE_TESTBED, where CONTROL_PLANE_FAULTS=1 says that it may be hurt.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { runElected } from "../../src/cluster/client/lease-elector.ts";
import { pause } from "../../src/cluster/client/pause.ts";
import { createReflector } from "../../src/cluster/client/reflector.ts";
import type { KubeApi, KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";
import { LongshoreError } from "../../src/domain/errors.ts";
import { until } from "../fixtures/run.ts";
import { noCluster, openTestCluster, type TestCluster } from "./cluster.ts";

const testbed = process.env["KUBE_TESTBED"] ?? "";
const isAllowed = process.env["CONTROL_PLANE_FAULTS"] === "1" && testbed !== "";
const skip =
  noCluster ||
  (isAllowed ? false : "CONTROL_PLANE_FAULTS=1 and KUBE_TESTBED do not say that one may be hurt");
const up = resolve(import.meta.dirname, "../../../shared/kube-testbed/up.sh");

const configMaps: KubeResource = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};
const clock = { now: () => performance.timeOrigin + performance.now() };
const { signal } = new AbortController();

describe("when the control plane is killed", { skip }, () => {
  for (const program of ["kube-apiserver", "etcd"])
    test(`${program}: a reflector ends up with what is there, and misses no deletion`, async () => {
      await using cluster = await openTestCluster();
      await bringBack(cluster);
      await using namespace = await cluster.namespace("a-faults");
      await using cleaning = new AsyncDisposableStack();
      const { api } = cluster;
      const put = (name: string): Promise<unknown> => create(api, namespace.name, name);
      for (const name of ["a", "b", "c"]) await put(name);
      const controller = new AbortController();
      const changes: string[] = [];
      let failures = 0;
      const reflector = createReflector<KubeObject>({
        api,
        resource: configMaps,
        query: { namespace: namespace.name, labelSelector: "test=faults" },
        clock,
        random: Math.random,
        backOff: { first: 100, longest: 1000 },
        onError: () => failures++,
      });
      const running = reflector.run(
        ({ type, object }) => changes.push(`${type} ${object.metadata.name}`),
        controller.signal,
      );
      cleaning.defer(async () => {
        controller.abort(new Error("the test is over"));
        await running;
      });
      cleaning.defer(() => bringBack(cluster));
      await reflector.ready(signal);
      assert.deepEqual(changes.toSorted(), ["ADDED a", "ADDED b", "ADDED c"]);

      kill(program);
      // Without etcd, the API server still holds its watches.
      if (program !== "etcd") await until("it has noticed", () => failures > 1);
      else await assert.rejects(put("lost"), { code: "ServerFailed" });
      await bringBack(cluster);
      await api.delete(configMaps, { namespace: namespace.name, name: "b" }, {}, signal);
      await put("d");
      await until("it has seen what happened", () => changes.length === 5);
      assert.deepEqual(changes.slice(3).toSorted(), ["ADDED d", "DELETED b"]);
      const names = reflector.list().map(({ metadata }) => metadata.name);
      assert.deepEqual(names.toSorted(), ["a", "c", "d"]);
    });

  test("a leader that can't reach it stops before its Lease runs out, and leads again", async () => {
    await using cluster = await openTestCluster();
    await bringBack(cluster);
    await using namespace = await cluster.namespace("a-faults");
    const controller = new AbortController();
    const times = { lease: 6000, renewDeadline: 3000, retry: 300 };
    const terms: { from: number; to?: number }[] = [];
    const lead = async (leading: AbortSignal): Promise<void> => {
      const term: { from: number; to?: number } = { from: clock.now() };
      terms.push(term);
      if (!leading.aborted) await once(leading, "abort");
      term.to = clock.now();
    };
    const key = { namespace: namespace.name, name: "operator" };
    const options = {
      api: cluster.api,
      key,
      identity: "only",
      clock,
      random: Math.random,
      onError: () => {},
      times,
    };
    const running = runElected(options, lead, controller.signal);
    await using cleaning = new AsyncDisposableStack();
    cleaning.defer(async () => {
      controller.abort(new Error("the test is over"));
      await running;
    });
    cleaning.defer(() => bringBack(cluster));
    await until("it leads", () => terms.length === 1);
    const killed = clock.now();
    kill("kube-apiserver");
    await until("it has stopped", () => terms[0]?.to !== undefined);
    assert.ok((terms[0]?.to ?? Infinity) < killed + times.lease);
    await bringBack(cluster);
    await until("it leads again", () => terms.length === 2);
  });
});

/** By the file in which the testbed keeps its process id, and by nothing else. */
function kill(program: string): void {
  const pid = Number(readFileSync(join(testbed, "var/pid", program), "utf8").trim());
  // Of an empty file it would be 0, which is the group of this process.
  assert.ok(pid > 0, `${program} does not run`);
  process.kill(pid, "SIGKILL");
}

/** What is missing starts again; resolves when the API server does what it is asked, which is after it says that it is ready. */
async function bringBack(cluster: TestCluster): Promise<void> {
  const starting = spawn(up, ["control-plane"], { stdio: "ignore" });
  const [code] = (await once(starting, "close")) as [number | null];
  assert.equal(code, 0);
  for (const begun = clock.now(); ;) {
    try {
      await (await cluster.namespace("a-faults"))[Symbol.asyncDispose]();
      return;
    } catch (error) {
      if (!(error instanceof LongshoreError) || clock.now() - begun > 60_000) throw error;
    }
    await pause(200, signal);
  }
}

function create(api: KubeApi, namespace: string, name: string): Promise<KubeObject> {
  const metadata = { namespace, name, labels: { test: "faults" } };
  return api.create<KubeObject>(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata }, {}, signal);
}
