/** The conformance suite of the ExportStore port: what everything that keeps resources must do. Its watches are in export-store-watch.ts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExportStore, ListQuery, ResourceKey } from "../../src/domain/ports/export-store.ts";
import { type Export, kinds } from "../../src/domain/resources/resource.ts";
import { newDestination, newExport, newGrant, succeeded } from "../fixtures/resources.ts";
import type { ExportStorePlace, WithPlace } from "./export-store-place.ts";
import { testWatching } from "./export-store-watch.ts";

const { signal } = new AbortController();
const finalizer = "longshore.dev/test";

/** Runs the suite against the places that `open` makes. */
export function testExportStore(name: string, open: () => Promise<ExportStorePlace>): void {
  const withPlace: WithPlace = (use) => async () => {
    await using place = await open();
    await use(place);
  };
  describe(`export store ${name}`, () => {
    testCreating(withPlace);
    testListing(withPlace);
    testUpdating(withPlace);
    testStatus(withPlace);
    testDeleting(withPlace);
    testWatching(withPlace);
    testCancelled(withPlace);
  });
}

function testCreating(withPlace: WithPlace): void {
  test(
    "creates every kind, decides what is the store's, and gives it back",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "reports.2026" };
      const labels = { team: "billing" };
      const annotations = { "example.com/note": 'quotes " and \u2028, \u0000 and \ud83d\udea2' };
      const wanted = newExport(key, { labels, annotations, finalizers: [finalizer] });
      const created = await store.create("Export", wanted, signal);
      kinds.Export.schema.parse(created);
      const { uid, resourceVersion, generation, creationTimestamp, ...chosen } = created.metadata;
      assert.deepEqual(chosen, { ...key, labels, annotations, finalizers: [finalizer] });
      assert.ok(uid !== "" && resourceVersion !== "" && generation > 0);
      assert.ok(!Number.isNaN(Date.parse(creationTimestamp)));
      assert.deepEqual(created.spec, wanted.spec);
      assert.deepEqual(await store.get("Export", key, signal), created);

      const destination = await store.create("ExportDestination", newDestination(key), signal);
      assert.deepEqual(await store.get("ExportDestination", key, signal), destination);
      const grant = await store.create("DownloadGrant", newGrant(key), signal);
      assert.deepEqual(await store.get("DownloadGrant", key, signal), grant);
      assert.equal(new Set([created, destination, grant].map(({ metadata }) => metadata.uid)).size, 3);
      assert.equal((await store.get("Export", key, signal))?.metadata.uid, uid);
    }),
  );

  test(
    "ignores what only the store decides",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const first = await store.create("Export", newExport({ namespace, name: "a" }), signal);
      const foreign = {
        uid: first.metadata.uid,
        resourceVersion: "1",
        generation: 77,
        creationTimestamp: "2001-01-01T00:00:00.000Z",
      };
      const wanted = newExport({ namespace, name: "b" }, foreign as object);
      const { metadata } = await store.create("Export", wanted, signal);
      assert.notEqual(metadata.uid, first.metadata.uid);
      assert.notEqual(metadata.resourceVersion, "1");
      assert.equal(metadata.generation, first.metadata.generation);
      assert.notEqual(metadata.creationTimestamp, foreign.creationTimestamp);
    }),
  );

  test(
    "a name is taken once in its namespace and kind, however many try at once",
    withPlace(async ({ store, namespaces }) => {
      const [namespace, other] = namespaces;
      const key = { namespace, name: "a" };
      const tries = Array.from({ length: 8 }, () => store.create("Export", newExport(key), signal));
      const outcomes = await Promise.allSettled(tries);
      const made = outcomes.filter(({ status }) => status === "fulfilled");
      assert.equal(made.length, 1);
      for (const outcome of outcomes)
        if (outcome.status === "rejected") {
          assert.equal(outcome.reason.code, "AlreadyExists");
          assert.match(outcome.reason.message, new RegExp(`${namespace}/a`));
        }
      await store.create("Export", newExport({ namespace: other, name: "a" }), signal);
      await store.create("Export", newExport({ namespace, name: "b" }), signal);
    }),
  );

  test(
    "what was given and what was got are the caller's own",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const wanted = newExport(key, { labels: { team: "billing" } });
      const created = await store.create("Export", wanted, signal);
      const expected = structuredClone(created);
      for (const { metadata, spec } of [wanted, created, await found(store, key)]) {
        (metadata.labels ??= {})["team"] = "nobody";
        spec.include.push("nothing");
      }
      assert.deepEqual(await found(store, key), expected);
    }),
  );

  test(
    "knows nothing of what was never made",
    withPlace(async ({ store, namespaces: [namespace, other] }) => {
      await store.create("Export", newExport({ namespace, name: "a" }), signal);
      assert.equal(await store.get("Export", { namespace, name: "b" }, signal), undefined);
      assert.equal(await store.get("Export", { namespace: other, name: "a" }, signal), undefined);
      assert.equal(await store.get("DownloadGrant", { namespace, name: "a" }, signal), undefined);
    }),
  );
}

function testListing(withPlace: WithPlace): void {
  const names = ["0", "a", "a-b", "a.b", "a0", "ab", "b", "z"];
  const fill = async ({ store, namespaces }: ExportStorePlace): Promise<void> => {
    for (const namespace of namespaces.toReversed())
      for (const name of ["b", "z", "a.b", "0", "a0", "a", "ab", "a-b"])
        await store.create("Export", newExport({ namespace, name }), signal);
  };

  test(
    "lists in the order of namespace and name, whatever the order of making",
    withPlace(async (place) => {
      const { store, namespaces } = place;
      await fill(place);
      await store.create(
        "ExportDestination",
        newDestination({ namespace: namespaces[0], name: "c" }),
        signal,
      );
      const expected = namespaces.flatMap((namespace) => names.map((name) => `${namespace}/${name}`));
      for (const limit of [500, 3]) {
        const all = await everything(store, { limit });
        assert.deepEqual(
          all.map(keyText).filter((key) => isOurs(place, key)),
          expected,
          `${limit} at a time`,
        );
      }
      for (const namespace of namespaces) {
        const { items } = await store.list("Export", { namespace }, signal);
        assert.deepEqual(
          items.map(keyText),
          names.map((name) => `${namespace}/${name}`),
        );
        assert.deepEqual(items[0], await found(store, { namespace, name: "0" }));
      }
      assert.deepEqual((await store.list("DownloadGrant", { namespace: namespaces[0] }, signal)).items, []);
    }),
  );

  test(
    "pages by a cursor, each resource once, also while others come and go",
    withPlace(async (place) => {
      await fill(place);
      const { store } = place;
      const [namespace] = place.namespaces;
      for (const limit of [1, 3, 7, 8, 9]) {
        const items = await everything(store, { namespace, limit });
        assert.deepEqual(
          items.map(({ metadata }) => metadata.name),
          names,
          `${limit}`,
        );
      }
      const first = await store.list("Export", { namespace, limit: 3 }, signal);
      assert.equal(first.items.length, 3);
      await store.delete("Export", { namespace, name: "a-b" }, signal);
      const rest = await everything(store, { namespace, limit: 3, continue: first.continue });
      const seen = [...first.items, ...rest].map(({ metadata }) => metadata.name);
      assert.deepEqual(
        seen,
        names.filter((name) => seen.includes(name)),
      );
      for (const name of names) assert.ok(name === "a-b" || seen.includes(name), name);
    }),
  );

  test(
    "gives 500 unless a limit is said, and refuses a cursor of others",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const name = (i: number): string => `x-${String(i).padStart(3, "0")}`;
      for (let first = 0; first < 501; first += 100)
        await Promise.all(
          Array.from({ length: Math.min(100, 501 - first) }, (_, i) =>
            store.create("ExportDestination", newDestination({ namespace, name: name(first + i) }), signal),
          ),
        );
      const { items, continue: next } = await store.list("ExportDestination", { namespace }, signal);
      assert.equal(items.length, 500);
      const last = await store.list("ExportDestination", { namespace, continue: next }, signal);
      assert.deepEqual(
        last.items.map(({ metadata }) => metadata.name),
        [name(500)],
      );
      assert.equal(last.continue, undefined);
      for (const cursor of ["nonsense", "e30", "W10", `${next}x`.slice(4)])
        await assert.rejects(store.list("ExportDestination", { namespace, continue: cursor }, signal), {
          code: "InvalidArgument",
        });
    }),
  );
}

function testUpdating(withPlace: WithPlace): void {
  test(
    "replaces labels, annotations, finalizers and spec, and nothing else",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const created = await store.create("Export", newExport(key, { labels: { a: "1" } }), signal);
      const status = { conditions: succeeded("Packing"), failures: 2 };
      const before = await store.updateStatus("Export", { ...created, status }, signal);
      const chosen = { labels: { b: "2" }, annotations: { c: "3" }, finalizers: [finalizer] };
      const after = await store.update(
        "Export",
        {
          ...before,
          metadata: { ...before.metadata, ...chosen, creationTimestamp: "2001-01-01T00:00:00.000Z" },
          spec: { ...before.spec, suspend: true },
          status: { failures: 77 },
        },
        signal,
      );
      const { resourceVersion, generation, ...metadata } = after.metadata;
      const { resourceVersion: oldVersion, generation: oldGeneration, ...kept } = before.metadata;
      assert.deepEqual(metadata, { ...kept, ...chosen });
      assert.notEqual(resourceVersion, oldVersion);
      assert.ok(generation > oldGeneration);
      assert.deepEqual(after.spec, { ...before.spec, suspend: true });
      assert.deepEqual(after.status, status);
      assert.deepEqual(await found(store, key), after);

      const { labels: _labels, annotations: _annotations, finalizers: _finalizers, ...bare } = after.metadata;
      const bared = await store.update("Export", { ...after, metadata: bare }, signal);
      const { resourceVersion: newVersion, ...stripped } = bared.metadata;
      assert.notEqual(newVersion, resourceVersion);
      const { labels: _old, ...unlabelled } = kept;
      assert.deepEqual(stripped, { ...unlabelled, generation });
    }),
  );

  test(
    "raises the generation where the spec changed, and only there",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const created = await store.create("Export", newExport({ namespace, name: "a" }), signal);
      const { generation } = created.metadata;
      const metadata = { ...created.metadata, labels: { a: "1" } };
      const labelled = await store.update("Export", { ...created, metadata }, signal);
      assert.equal(labelled.metadata.generation, generation);
      const status = { failures: 1 };
      const reported = await store.updateStatus("Export", { ...labelled, status }, signal);
      assert.equal(reported.metadata.generation, generation);
      const spec = { ...reported.spec, ttlSecondsAfterFinished: 60 };
      const changed = await store.update("Export", { ...reported, spec }, signal);
      assert.ok(changed.metadata.generation > generation);
      const reordered = Object.fromEntries(Object.entries(changed.spec).toReversed()) as Export["spec"];
      const relabelled = { ...changed, metadata: { ...changed.metadata, labels: {} }, spec: reordered };
      const same = await store.update("Export", relabelled, signal);
      assert.equal(same.metadata.generation, changed.metadata.generation);
    }),
  );

  test(
    "of those who read the same, one may write, and the others are told",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const read = await store.create("Export", newExport(key), signal);
      const writes = Array.from({ length: 8 }, (_, i) =>
        i % 2 === 0
          ? store.update("Export", { ...read, metadata: { ...read.metadata, labels: { i: `${i}` } } }, signal)
          : store.updateStatus("Export", { ...read, status: { failures: i } }, signal),
      );
      const outcomes = await Promise.allSettled(writes);
      const [won, ...more] = outcomes.flatMap((outcome) =>
        outcome.status === "fulfilled" ? [outcome.value] : [],
      );
      assert.equal(more.length, 0);
      for (const outcome of outcomes)
        if (outcome.status === "rejected") assert.equal(outcome.reason.code, "Conflict");
      assert.deepEqual(await found(store, key), won);
    }),
  );

  test(
    "says of what is gone that it is not there, and of its namesake that it is another",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const old = await store.create("Export", newExport(key), signal);
      await store.delete("Export", key, signal);
      const writes = {
        update: () => store.update("Export", { ...old, spec: { ...old.spec, cancel: true } }, signal),
        status: () => store.updateStatus("Export", { ...old, status: { failures: 1 } }, signal),
      };
      for (const write of Object.values(writes)) await assert.rejects(write, { code: "ResourceNotFound" });
      const namesake = await store.create("Export", newExport(key), signal);
      for (const write of Object.values(writes)) await assert.rejects(write, { code: "Conflict" });
      const { resourceVersion } = namesake.metadata;
      const disguised = { ...old, metadata: { ...old.metadata, resourceVersion }, status: { failures: 1 } };
      await assert.rejects(store.updateStatus("Export", disguised, signal), { code: "Conflict" });
      assert.deepEqual(await found(store, key), namesake);
    }),
  );
}

function testStatus(withPlace: WithPlace): void {
  test(
    "replaces the status alone",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const before = await store.create("Export", newExport(key, { labels: { a: "1" } }), signal);
      const wanted = {
        ...before,
        metadata: { ...before.metadata, labels: { b: "2" }, finalizers: [finalizer] },
        spec: { ...before.spec, cancel: true },
        status: { conditions: succeeded("Packing"), parts: { total: 9, succeeded: 2, reused: 1, failed: 0 } },
      };
      const after = await store.updateStatus("Export", wanted, signal);
      const { resourceVersion } = after.metadata;
      assert.notEqual(resourceVersion, before.metadata.resourceVersion);
      const metadata = { ...before.metadata, resourceVersion };
      assert.deepEqual(after, { ...before, metadata, status: wanted.status });
      assert.deepEqual(await found(store, key), after);
      const replaced = await store.updateStatus("Export", { ...after, status: { failures: 1 } }, signal);
      assert.deepEqual(replaced.status, { failures: 1 });
    }),
  );

  test(
    "progress is written upon what was read alone, and goes with the next status that has none",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const created = await store.create("Export", newExport(key), signal);
      const shown = {
        parts: { total: 4, succeeded: 1, reused: 0, failed: 0 },
        display: { parts: "1/4", size: "1Ki" },
        progress: {
          plannedBytes: 1024,
          plannedFiles: 1,
          plannedParts: 4,
          planned: true,
          bytes: 9,
          files: 0,
        },
      };
      const before = await store.updateStatus("Export", { ...created, status: { failures: 1 } }, signal);
      const running = { ...before, status: { failures: 1, ...shown } };
      const after = await store.updateProgress(running, signal);
      assert.deepEqual(after.status, running.status);
      assert.equal(after.metadata.generation, before.metadata.generation);
      await assert.rejects(store.updateProgress(running, signal), { code: "Conflict" });
      const further = { ...after.status, progress: { ...shown.progress, bytes: 1024 } };
      const later = await store.updateProgress({ ...after, status: further }, signal);
      assert.deepEqual(later.status, further);
      const ended = await store.updateStatus("Export", { ...later, status: { failures: 2 } }, signal);
      assert.deepEqual(ended.status, { failures: 2 });
      await assert.rejects(store.updateProgress(later, signal), { code: "Conflict" });
      assert.deepEqual((await found(store, key))?.status, { failures: 2 });
    }),
  );

  test(
    "the same status again writes nothing, but is a conflict where somebody else wrote",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const created = await store.create("Export", newExport({ namespace, name: "a" }), signal);
      const status = { failures: 1, bytes: { source: 1, written: 2, redone: 3 } };
      const written = await store.updateStatus("Export", { ...created, status }, signal);
      const reordered = { bytes: { redone: 3, written: 2, source: 1 }, failures: 1, files: undefined };
      const again = await store.updateStatus("Export", { ...written, status: reordered }, signal);
      assert.deepEqual(again, written);
      await assert.rejects(store.updateStatus("Export", { ...created, status }, signal), {
        code: "Conflict",
      });
    }),
  );
}

function testDeleting(withPlace: WithPlace): void {
  test(
    "removes what has no finalizers, and frees its name",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const created = await store.create("Export", newExport(key), signal);
      const deleted = await store.delete("Export", key, signal);
      assert.equal(deleted.metadata.uid, created.metadata.uid);
      assert.deepEqual(deleted.spec, created.spec);
      assert.equal(await store.get("Export", key, signal), undefined);
      await assert.rejects(store.delete("Export", key, signal), { code: "ResourceNotFound" });
      const next = await store.create("Export", newExport(key), signal);
      assert.notEqual(next.metadata.uid, created.metadata.uid);
    }),
  );

  test(
    "marks what has finalizers, which goes when the last of them does",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      await store.create("Export", newExport(key, { finalizers: [finalizer, `${finalizer}-2`] }), signal);
      const marked = await store.delete("Export", key, signal);
      assert.ok(marked.metadata.deletionTimestamp !== undefined);
      assert.deepEqual(await found(store, key), marked);
      const again = await store.delete("Export", key, signal);
      assert.equal(again.metadata.deletionTimestamp, marked.metadata.deletionTimestamp);

      const without = (resource: Export, finalizers: string[]): Export => ({
        ...resource,
        metadata: { ...resource.metadata, finalizers },
      });
      const reported = await store.updateStatus("Export", { ...again, status: { failures: 1 } }, signal);
      const one = await store.update("Export", without(reported, [finalizer]), signal);
      assert.equal(one.metadata.deletionTimestamp, marked.metadata.deletionTimestamp);
      const none = await store.update("Export", without(one, []), signal);
      assert.equal(none.metadata.uid, marked.metadata.uid);
      assert.equal(await store.get("Export", key, signal), undefined);
    }),
  );

  test(
    "with a uid, deletes only that one",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const { metadata } = await store.create("Export", newExport(key), signal);
      const wrong = { ...key, uid: "00000000-0000-4000-8000-000000000000" };
      await assert.rejects(store.delete("Export", wrong, signal), { code: "Conflict" });
      assert.notEqual(await store.get("Export", key, signal), undefined);
      await store.delete("Export", { ...key, uid: metadata.uid }, signal);
      assert.equal(await store.get("Export", key, signal), undefined);
    }),
  );
}

function testCancelled(withPlace: WithPlace): void {
  test(
    "every call that was cancelled before it began does nothing",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const made = await store.create("Export", newExport(key), signal);
      const aborted = AbortSignal.abort(new Error("enough"));
      const calls: Record<string, () => Promise<unknown>> = {
        create: () => store.create("Export", newExport({ namespace, name: "b" }), aborted),
        get: () => store.get("Export", key, aborted),
        list: () => store.list("Export", { namespace }, aborted),
        update: () => store.update("Export", { ...made, spec: { ...made.spec, cancel: true } }, aborted),
        updateStatus: () => store.updateStatus("Export", { ...made, status: { failures: 1 } }, aborted),
        delete: () => store.delete("Export", key, aborted),
        watch: () => Array.fromAsync(store.watch("Export", { namespace }, aborted)),
      };
      for (const [call, run] of Object.entries(calls)) await assert.rejects(run, { message: "enough" }, call);
      assert.deepEqual((await store.list("Export", { namespace }, signal)).items, [made]);
    }),
  );
}

const keyText = ({ metadata: { namespace, name } }: Export): string => `${namespace}/${name}`;

const isOurs = ({ namespaces }: ExportStorePlace, key: string): boolean =>
  namespaces.some((namespace) => key.startsWith(`${namespace}/`));

async function found(store: ExportStore, key: ResourceKey): Promise<Export> {
  const resource = await store.get("Export", key, signal);
  assert.ok(resource !== undefined, `${key.name} is not there`);
  return resource;
}

/** All pages, from where the query begins. */
async function everything(store: ExportStore, query: ListQuery): Promise<Export[]> {
  const items: Export[] = [];
  for (let next = query.continue, isFirst = true; isFirst || next !== undefined; isFirst = false) {
    const page = await store.list("Export", { ...query, continue: next }, signal);
    assert.ok(page.items.length <= (query.limit ?? 500));
    items.push(...page.items);
    next = page.continue;
  }
  return items;
}
