/** What every ExportStore's watches must do; a part of the suite in export-store.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { ExportStore, ResourceEvent, WatchQuery } from "../../src/domain/ports/export-store.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { newDestination, newExport } from "../fixtures/resources.ts";
import type { WithPlace } from "./export-store-place.ts";

const { signal } = new AbortController();
const finalizer = "longshore.dev/test";

export function testWatching(withPlace: WithPlace): void {
  testReplay(withPlace);
  testBeginning(withPlace);
  testLive(withPlace);

  test(
    "a watch ends with the reason for which it was cancelled, waiting or not",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      for (const name of ["a", "b"]) await store.create("Export", newExport({ namespace, name }), signal);
      const controller = new AbortController();
      const names: string[] = [];
      const watch = async (): Promise<void> => {
        for await (const { object } of store.watch("Export", { namespace }, controller.signal)) {
          names.push(object.metadata.name);
          // Later than the loop asks for the next event, of which there is none.
          if (names.length === 2) void setImmediate().then(() => controller.abort(new Error("enough")));
        }
      };
      await assert.rejects(watch, { message: "enough" });
      assert.deepEqual(names, ["a", "b"]);

      const busy = new AbortController();
      const interrupted = async (): Promise<void> => {
        for await (const _ of store.watch("Export", { namespace }, busy.signal))
          busy.abort(new Error("enough"));
      };
      await assert.rejects(interrupted, { message: "enough" });
    }),
  );

  test(
    "changes that were forgotten make a watch expire, and a list shows where to go on",
    withPlace(async ({ store, namespaces: [namespace], forget }) => {
      const key = { namespace, name: "a" };
      const { resourceVersion } = await store.list("Export", { namespace }, signal);
      await store.create("Export", newExport(key), signal);
      if (forget !== undefined) {
        await forget();
        await assert.rejects(next(store, { namespace, since: resourceVersion }, 1), { code: "WatchExpired" });
      }
      const listed = await store.list("Export", { namespace }, signal);
      const events = next(store, { namespace, since: listed.resourceVersion }, 1);
      await store.delete("Export", key, signal);
      assert.deepEqual((await events).map(textOf), ["DELETED a"]);
    }),
  );
}

function testReplay(withPlace: WithPlace): void {
  test(
    "gives every change after a version, in order, as the resource was after it",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const key = { namespace, name: "a" };
      const before = await store.create("Export", newExport({ namespace, name: "before" }), signal);
      const since = (await store.list("Export", { namespace }, signal)).resourceVersion;
      const created = await store.create("Export", newExport(key, { finalizers: [finalizer] }), signal);
      const reported = await store.updateStatus("Export", { ...created, status: { failures: 1 } }, signal);
      await store.updateStatus("Export", reported, signal);
      const cancelled = { ...reported, spec: { ...reported.spec, cancel: true } };
      const updated = await store.update("Export", cancelled, signal);
      const marked = await store.delete("Export", key, signal);
      await store.delete("Export", key, signal);
      const freed = { ...marked, metadata: { ...marked.metadata, finalizers: [] } };
      await store.update("Export", freed, signal);
      await store.create("ExportDestination", newDestination({ namespace, name: "other-kind" }), signal);
      await store.delete("Export", { namespace, name: "before" }, signal);

      const events = await next(store, { namespace, since }, 6);
      assert.deepEqual(events.map(textOf), [
        "ADDED a",
        "MODIFIED a",
        "MODIFIED a",
        "MODIFIED a",
        "DELETED a",
        "DELETED before",
      ]);
      const objects = events.map(({ object }) => object);
      assert.deepEqual(objects.slice(0, 4), [created, reported, updated, marked]);
      const [gone, deleted] = [objects[4], objects[5]];
      assert.equal(gone?.metadata.uid, created.metadata.uid);
      assert.deepEqual(gone?.spec, updated.spec);
      assert.deepEqual(deleted?.spec, before.spec);
      const versions = objects.map(({ metadata }) => metadata.resourceVersion);
      assert.equal(new Set(versions).size, 6, "each has the version of its change");

      for (const [index, version] of versions.entries())
        if (index < 5) {
          const rest = await next(store, { namespace, since: version }, 5 - index);
          assert.deepEqual(rest, events.slice(index + 1), `after event ${index}`);
        }
    }),
  );

  test(
    "goes on from any page of a list, and misses nothing that changed between the pages",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const state = new Map<string, Export>();
      for (const name of ["a", "b", "c", "d"])
        await store.create("Export", newExport({ namespace, name }), signal);
      const first = await store.list("Export", { namespace, limit: 2 }, signal);
      await store.delete("Export", { namespace, name: "a" }, signal);
      await store.create("Export", newExport({ namespace, name: "aa" }), signal);
      const second = await store.list("Export", { namespace, limit: 2, continue: first.continue }, signal);
      const last = await store.create("Export", newExport({ namespace, name: "e" }), signal);
      for (const item of [...first.items, ...second.items]) state.set(item.metadata.name, item);
      for await (const { type, object } of store.watch(
        "Export",
        { namespace, since: second.resourceVersion },
        signal,
      )) {
        if (type === "DELETED") state.delete(object.metadata.name);
        else state.set(object.metadata.name, object);
        if (object.metadata.uid === last.metadata.uid) break;
      }
      const { items } = await store.list("Export", { namespace }, signal);
      assert.deepEqual([...state.values()].toSorted(byName), items);
    }),
  );
}

function testBeginning(withPlace: WithPlace): void {
  test(
    "without a version, shows all that is there first, and then what changes",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const made: Export[] = [];
      for (const name of ["a", "b", "c"])
        made.push(await store.create("Export", newExport({ namespace, name }), signal));
      await store.delete("Export", { namespace, name: "b" }, signal);
      const events: ResourceEvent<"Export">[] = [];
      for await (const event of store.watch("Export", { namespace }, signal)) {
        events.push(event);
        if (events.length === 2) await store.create("Export", newExport({ namespace, name: "d" }), signal);
        if (events.length === 3) break;
      }
      assert.deepEqual(events.slice(0, 2).map(textOf).toSorted(), ["ADDED a", "ADDED c"]);
      assert.deepEqual(
        events.slice(0, 2).map(({ object }) => object),
        [made[0], made[2]],
      );
      assert.equal(textOf(events[2]), "ADDED d");
    }),
  );

  test(
    "resources that change while the beginning is shown are seen in order, up to their last state",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const name = (i: number): string => `x-${String(i).padStart(3, "0")}`;
      const made = await Promise.all(
        Array.from({ length: 350 }, (_, i) =>
          store.create("Export", newExport({ namespace, name: name(i) }), signal),
        ),
      );
      const change = async (i: number, to: string): Promise<void> => {
        const resource = made[i];
        assert.ok(resource !== undefined);
        const metadata = { ...resource.metadata, labels: { to } };
        made[i] = await store.update("Export", { ...resource, metadata }, signal);
      };
      const state = new Map<string, Export>();
      let seen = 0;
      for await (const { type, object } of store.watch("Export", { namespace }, signal)) {
        const { name: key } = object.metadata;
        assert.equal(type === "ADDED", !state.has(key), `${type} ${key}`);
        assert.ok(
          object.metadata.labels?.["to"] !== "first" || !isSecond(state.get(key)),
          `${key} went back`,
        );
        if (type === "DELETED") state.delete(key);
        else state.set(key, object);
        if (key === "zz-last") break;
        if (++seen !== 50) continue;
        // Shown already and not shown yet: changed, gone, new.
        for (const i of [0, 20, 49, 50, 120, 300, 349]) await change(i, "first");
        for (const i of [20, 300]) await change(i, "second");
        for (const i of [10, 200]) await store.delete("Export", { namespace, name: name(i) }, signal);
        for (const late of ["x-000-a", "x-340-a", "zz-last"])
          await store.create("Export", newExport({ namespace, name: late }), signal);
      }
      const { items } = await store.list("Export", { namespace }, signal);
      assert.equal(items.length, 351);
      assert.deepEqual([...state.values()].toSorted(byName), items);
    }),
  );
}

function testLive(withPlace: WithPlace): void {
  test(
    "tells those who wait, of their namespace and name alone",
    withPlace(async ({ store, namespaces: [namespace, other] }) => {
      const { resourceVersion: since } = await store.list("Export", {}, signal);
      const waiting = [
        next(store, { namespace, name: "b", since }, 2),
        next(store, { namespace: other, since }, 2),
        next(store, { namespace, since }, 4),
      ];
      const everywhere = untilName(store, { since }, "end");
      for (const [place, name] of [
        [other, "a"],
        [namespace, "a"],
        [namespace, "b"],
        [other, "b"],
      ] as const) {
        await store.create("Export", newExport({ namespace: place, name }), signal);
        await setImmediate();
      }
      await store.delete("Export", { namespace, name: "b" }, signal);
      await store.create("Export", newExport({ namespace, name: "end" }), signal);
      const [byName, byNamespace, inNamespace] = await Promise.all(waiting);
      assert.deepEqual(byName?.map(textOf), ["ADDED b", "DELETED b"]);
      assert.deepEqual(byNamespace?.map(textOf), ["ADDED a", "ADDED b"]);
      assert.deepEqual(inNamespace?.map(textOf), ["ADDED a", "ADDED b", "DELETED b", "ADDED end"]);
      const ours = (await everywhere).filter(({ object }) =>
        [namespace, other].includes(object.metadata.namespace),
      );
      assert.deepEqual(ours.map(textOf), [
        "ADDED a",
        "ADDED a",
        "ADDED b",
        "ADDED b",
        "DELETED b",
        "ADDED end",
      ]);
    }),
  );

  test(
    "a reader that is slow gets every change, however many came meanwhile",
    withPlace(async ({ store, namespaces: [namespace] }) => {
      const changes = 150;
      let resource = await store.create("Export", newExport({ namespace, name: "a" }), signal);
      const seen: number[] = [];
      for await (const { type, object } of store.watch("Export", { namespace }, signal)) {
        if (type === "ADDED")
          for (let i = 1; i <= changes; i++)
            resource = await store.updateStatus("Export", { ...resource, status: { failures: i } }, signal);
        else seen.push(object.status?.failures ?? 0);
        if (seen.at(-1) === changes) break;
      }
      assert.deepEqual(
        seen,
        Array.from({ length: changes }, (_, i) => i + 1),
      );
    }),
  );
}

type Event = ResourceEvent<"Export">;

async function take(store: ExportStore, query: WatchQuery, isLast: (events: readonly Event[]) => boolean) {
  const events: Event[] = [];
  for await (const event of store.watch("Export", query, signal)) {
    events.push(event);
    if (isLast(events)) break;
  }
  return events;
}

const next = (store: ExportStore, query: WatchQuery, count: number): Promise<Event[]> =>
  take(store, query, ({ length }) => length === count);

const untilName = (store: ExportStore, query: WatchQuery, name: string): Promise<Event[]> =>
  take(store, query, (events) => events.at(-1)?.object.metadata.name === name);

const textOf = (event: Event | undefined): string => `${event?.type} ${event?.object.metadata.name}`;
const byName = (a: Export, b: Export): number => (a.metadata.name < b.metadata.name ? -1 : 1);
const isSecond = (resource: Export | undefined): boolean => resource?.metadata.labels?.["to"] === "second";
