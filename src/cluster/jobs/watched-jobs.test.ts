import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { KubeApi, KubeEvent, KubeListQuery, KubeObject } from "../kube-api.ts";
import { createReportedProgress } from "../reports/reported-progress.ts";
import type { Node } from "./objects.ts";
import { watchJobs } from "./watched-jobs.ts";
import { labels } from "./worker-labels.ts";

const node = (name: string, resourceVersion: string, ready: string): KubeObject => {
  const conditions = ["Ready", "DiskPressure"].map((type) => ({ type, status: ready }));
  const status = { conditions, images: [{ names: ["x".repeat(10_000)] }] };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, resourceVersion, labels: { a: "b" } },
    status,
  } as KubeObject;
};

/** An API server that has pods and two nodes, one of which changes, and what it was asked for. */
function server(pods: readonly KubeObject[] = []): {
  api: KubeApi;
  lists: string[];
  watches: string[];
  changed: Promise<void>;
} {
  const lists: string[] = [];
  const watches: string[] = [];
  const { promise: changed, resolve } = Promise.withResolvers<void>();
  const told = (plural: string, { labelSelector, fieldSelector, limit }: KubeListQuery): string =>
    [plural, labelSelector ?? fieldSelector ?? "all", ...(limit === undefined ? [] : [limit])].join(" ");
  async function* watch(
    plural: string,
    signal: AbortSignal,
  ): AsyncGenerator<KubeEvent<KubeObject>, void, undefined> {
    if (plural === "nodes") {
      yield { type: "MODIFIED", object: node("b", "3", "False") };
      resolve();
    }
    await once(signal, "abort");
  }
  const api = {
    list: async ({ plural }: { plural: string }, query: KubeListQuery) => {
      lists.push(told(plural, query));
      const nodes = [node("a", "1", "True"), node("b", "2", "True")];
      const items = plural === "nodes" ? nodes : plural === "pods" ? pods : [];
      return { items, resourceVersion: "2" };
    },
    watch: ({ plural }: { plural: string }, query: KubeListQuery, signal: AbortSignal) => {
      watches.push(told(plural, query));
      return watch(plural, signal);
    },
  };
  return { api: api as unknown as KubeApi, lists, watches, changed };
}

describe("what the runner watches", () => {
  test("is no more than concerns its exports, in pages, and of nodes whether they are well", async () => {
    const { api, lists, watches, changed } = server();
    const over = new AbortController();
    const watched = watchJobs({
      api,
      clock: { now: () => performance.now() },
      random: () => 1,
      namespaces: [],
      namespaceOf: () => undefined,
      reported: createReportedProgress(),
      onError: (error) => assert.fail(String(error)),
      onChange: () => undefined,
    });
    const running = watched.run(over.signal);
    await watched.ready(over.signal);
    await changed;
    const wanted = [
      "events involvedObject.kind=Job,reason=FailedCreate",
      "events involvedObject.kind=Pod,reason=FailedAttachVolume",
      "events involvedObject.kind=Pod,reason=FailedCreatePodSandBox",
      "events involvedObject.kind=Pod,reason=FailedMount",
      "jobs longshore.dev/export-uid",
      "nodes all",
      "pods longshore.dev/export-uid",
    ];
    assert.deepEqual(
      lists.toSorted(),
      wanted.map((one) => `${one} 200`),
    );
    assert.deepEqual(watches.toSorted(), wanted);
    const { nodeOf } = watched.facts("x");
    const kept = (name: string, resourceVersion: string, status: string): Node => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, resourceVersion },
      status: { conditions: [{ type: "Ready", status }] },
    });
    assert.deepEqual([nodeOf("a"), nodeOf("b")], [kept("a", "1", "True"), kept("b", "3", "False")]);
    over.abort(new Error("enough"));
    await running;
  });

  test("is of the namespace where the Export lies, whoever says that it owns it", async () => {
    const pod = (namespace: string): KubeObject => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "p",
        namespace,
        labels: { [labels.exportUid]: "x" },
        ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "j", uid: "j", controller: true }],
      },
    });
    const { api } = server([pod("own"), pod("foreign")]);
    const over = new AbortController();
    const homes = new Map<string, string>();
    const watched = watchJobs({
      api,
      clock: { now: () => performance.now() },
      random: () => 1,
      namespaces: [],
      namespaceOf: (uid) => homes.get(uid),
      reported: createReportedProgress(),
      onError: (error) => assert.fail(String(error)),
      onChange: () => undefined,
    });
    const running = watched.run(over.signal);
    await watched.ready(over.signal);
    const found = (): string[] => watched.podsOf("x").map(({ metadata }) => metadata.namespace ?? "");
    assert.deepEqual(found().toSorted(), ["foreign", "own"]);
    homes.set("x", "own");
    assert.deepEqual(found(), ["own"]);
    over.abort(new Error("enough"));
    await running;
  });
});
