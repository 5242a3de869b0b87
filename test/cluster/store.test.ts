/** The ExportStores over a real API server: the port's suite, and what only a cluster has. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { cachedExportStore } from "../../src/cluster/store/cached-export-store.ts";
import { resourceOf } from "../../src/cluster/store/kube-document.ts";
import { kubeExportStore, type KubeStoreOptions } from "../../src/cluster/store/kube-export-store.ts";
import type { KubeApi, KubeObject } from "../../src/cluster/kube-api.ts";
import type { ExportStore, ResourceEvent } from "../../src/domain/ports/export-store.ts";
import { type Export, type Kind, kinds } from "../../src/domain/resources/resource.ts";
import type { ExportStorePlace } from "../conformance/export-store-place.ts";
import { testExportStore } from "../conformance/export-store.ts";
import { newExport } from "../fixtures/resources.ts";
import { expectExit, until } from "../fixtures/run.ts";
import { noCluster, openTestCluster } from "./cluster.ts";
import { installDefinitions } from "./crds.ts";
import { kubectl } from "./kubectl.ts";

const { signal } = new AbortController();
const exports = resourceOf("Export");

interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly fieldsV1: Readonly<Record<string, object>>;
}

interface Place extends ExportStorePlace {
  readonly api: KubeApi;
}

describe("in a cluster", { skip: noCluster }, () => {
  before(async () => {
    await using cluster = await openTestCluster();
    await installDefinitions(cluster.api, signal);
  });

  testExportStore("kube", () => openPlace(kubeExportStore));
  testExportStore("kube, cached by its watches", async () => watched(await openPlace(cachedExportStore)));

  test("an update leaves owners, and what others put into metadata", async () => {
    await using place = await openPlace(kubeExportStore);
    const { api, store } = place;
    const [namespace] = place.namespaces;
    const owner = await store.create("Export", newExport({ namespace, name: "owner" }), signal);
    const { apiVersion, kind, metadata } = owner;
    const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }];
    const { spec } = newExport({ namespace, name: "a" });
    const document = {
      apiVersion,
      kind,
      metadata: {
        namespace,
        name: "a",
        ownerReferences,
        annotations: { "example.com/long": "x".repeat(10_000) },
      },
      spec,
    };
    await api.create<KubeObject>(exports, document, {}, signal);
    const read = await store.get("Export", { namespace, name: "a" }, signal);
    assert.ok(read !== undefined);
    assert.equal(read.metadata.annotations?.["example.com/long"]?.length, 10_000);
    const labels = { team: "billing" };
    await store.update("Export", { ...read, metadata: { ...read.metadata, labels } }, signal);
    const after = await api.get(exports, { namespace, name: "a" }, signal);
    assert.deepEqual(after?.metadata.labels, labels);
    assert.deepEqual(after?.metadata.ownerReferences, ownerReferences);
    assert.equal(after?.metadata.annotations?.["example.com/long"]?.length, 10_000);
  });

  test("progress has a field manager of its own, which keeps nothing that the next status leaves out", async () => {
    await using cluster = await openTestCluster();
    await using place = await openPlace(kubeExportStore);
    const { store } = place;
    const [namespace] = place.namespaces;
    const managed = async (): Promise<Record<string, string>> => {
      const asked = ["get", "export", "a", "-n", namespace, "--show-managed-fields", "-o", "json"];
      const { metadata } = JSON.parse(expectExit(await kubectl(cluster, asked), 0).stdout.toString());
      return Object.fromEntries(
        metadata.managedFields.map(({ manager, operation, fieldsV1 }: ManagedFields) => [
          `${manager} ${operation}`,
          Object.keys(fieldsV1["f:status"] ?? {})
            .filter((field) => field !== ".")
            .toSorted()
            .join(" "),
        ]),
      );
    };
    const parts = { total: 4, succeeded: 1, reused: 0, failed: 0 };
    const progress = {
      plannedBytes: 9,
      plannedFiles: 1,
      plannedParts: 4,
      planned: true,
      bytes: 1,
      files: 0,
    };
    const display = { parts: "1/4", size: "9" };
    const created = await store.create("Export", newExport({ namespace, name: "a" }), signal);
    const begun = await store.updateStatus("Export", { ...created, status: { failures: 1 } }, signal);
    const running = { failures: 1, parts, progress, display };
    const shown = await store.updateProgress({ ...begun, status: running }, signal);
    const { "longshore-progress Apply": applied, "longshore Update": updated } = await managed();
    assert.deepEqual([applied, updated], ["f:display f:parts f:progress", "f:failures"]);
    await store.updateStatus("Export", { ...shown, status: { failures: 2, parts } }, signal);
    const after = await store.get("Export", { namespace, name: "a" }, signal);
    assert.deepEqual(after?.status, { failures: 2, parts });
    assert.equal((await managed())["longshore-progress Apply"], "f:parts");
  });

  test("what the API server refuses is said in its own words", async () => {
    await using place = await openPlace(kubeExportStore);
    const { store } = place;
    const [namespace] = place.namespaces;
    const wrong = newExport({ namespace, name: "a" }, {}, { compressionLevel: 3 });
    const spec = { ...wrong.spec, compressionLevel: 99 };
    await assert.rejects(store.create("Export", { ...wrong, spec }, signal), {
      code: "InvalidDocument",
      message: /spec\.compressionLevel/,
    });
    await assert.rejects(store.create("Export", newExport({ namespace: "a-nowhere", name: "a" }), signal), {
      code: "ResourceNotFound",
      message: /a-nowhere/,
    });
    for (const since of ["x", "-1", "1.5", ""])
      await assert.rejects(Array.fromAsync(store.watch("Export", { namespace, since }, signal)), {
        code: "InvalidArgument",
      });
    for (const limit of [0, -1, 1.5])
      await assert.rejects(store.list("Export", { namespace, limit }, signal), { code: "InvalidArgument" });
  });

  test("reads of what is watched ask the API server nothing, but for one's own writes", async () => {
    let asked = 0;
    const counted = (options: KubeStoreOptions): ExportStore =>
      cachedExportStore({
        ...options,
        api: {
          ...options.api,
          get: (resource, key, until) => {
            asked++;
            return options.api.get(resource, key, until);
          },
        },
      });
    await using place = await openPlace(counted);
    const { store } = place;
    const [namespace] = place.namespaces;
    const key = { namespace, name: "a" };
    const created = await store.create("Export", newExport(key), signal);
    const controller = new AbortController();
    const events: ResourceEvent<"Export">[] = [];
    const watching = follow(store, "Export", (event) => events.push(event), controller.signal);
    const isSeen = (version: string): boolean =>
      events.some(({ object }) => object.metadata.resourceVersion === version);
    await until("the watch has begun", () => isSeen(created.metadata.resourceVersion));
    let resource: Export = created;
    for (let i = 1; i <= 20; i++) {
      resource = await store.updateStatus("Export", { ...resource, status: { failures: i } }, signal);
      assert.equal((await store.get("Export", key, signal))?.status?.failures, i);
    }
    await until("it has seen the last", () => isSeen(resource.metadata.resourceVersion));
    await store.get("Export", key, signal);
    asked = 0;
    for (let i = 0; i < 100; i++) assert.deepEqual(await store.get("Export", key, signal), resource);
    assert.equal(await store.get("Export", { namespace, name: "none" }, signal), undefined);
    assert.equal(asked, 0);
    await store.delete("Export", key, signal);
    assert.equal(await store.get("Export", key, signal), undefined);
    controller.abort(new Error("enough"));
    await watching;
    asked = 0;
    assert.equal(await store.get("Export", key, signal), undefined);
    assert.equal(asked, 1, "nobody watches any more");
  });
});

async function openPlace(open: (options: KubeStoreOptions) => ExportStore): Promise<Place> {
  const cluster = await openTestCluster();
  const made = [await cluster.namespace("a-store"), await cluster.namespace("a-store")];
  const [first = "", second = ""] = made.map(({ name }) => name).toSorted();
  const { api } = cluster;
  const clock = { now: () => performance.now() };
  return {
    api,
    store: open({ api, clock, random: Math.random, onError: fail }),
    namespaces: [first, second],
    [Symbol.asyncDispose]: async () => {
      for (const namespace of made) await namespace[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

/** The place, while all kinds of its store are watched as controllers do. */
async function watched(place: Place): Promise<ExportStorePlace> {
  const controller = new AbortController();
  const all = Object.keys(kinds) as Kind[];
  const watching = all.map((kind) => follow(place.store, kind, () => {}, controller.signal));
  return {
    store: place.store,
    namespaces: place.namespaces,
    [Symbol.asyncDispose]: async () => {
      controller.abort(new Error("the test is over"));
      await Promise.all(watching);
      await place[Symbol.asyncDispose]();
    },
  };
}

async function follow<K extends Kind>(
  store: ExportStore,
  kind: K,
  take: (event: ResourceEvent<K>) => void,
  until: AbortSignal,
): Promise<void> {
  try {
    for await (const event of store.watch(kind, {}, until)) take(event);
  } catch (error) {
    if (!until.aborted) throw error;
  }
}

function fail(error: unknown): never {
  throw error;
}
