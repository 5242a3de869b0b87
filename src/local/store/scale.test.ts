import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { databasePlace } from "../../../test/fixtures/local-database.ts";
import { newExport, succeeded } from "../../../test/fixtures/resources.ts";
import type { ExportStore, ResourceEvent } from "../../domain/ports/export-store.ts";
import type { Export } from "../../domain/resources/resource.ts";
import { sqliteExportStore } from "./sqlite-export-store.ts";

const count = 5000;
const watchers = 100;
const { signal } = new AbortController();

// It prints its figures and asserts none: they are the machine's.
test(`${count} exports are listed, read, changed and watched whole`, async (t) => {
  await using place = databasePlace();
  const store = sqliteExportStore(place.database, { newId: randomUUID, clock: Date });
  const made = await createAll(t, store);
  assert.deepEqual(await listAll(t, store), made);
  await getSome(t, store);
  const report = async (index: number, failures: number): Promise<void> => {
    const resource = made[index];
    assert.ok(resource !== undefined);
    made[index] = await store.updateStatus("Export", { ...resource, status: { failures } }, signal);
  };
  const one = stopwatch();
  for (let i = 0; i < 200; i++) await one.time(() => report(i * 17, 1));
  one.say(t, "status of one");
  const all = stopwatch();
  await all.time(() => Promise.all(made.map((_, i) => report(i, 2))));
  all.say(t, `status of ${count} at once`);
  await watchAll(t, store);
  await wakeMany(t, store, report);
  t.diagnostic(`${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`);
});

const nameAt = (i: number): string => `x-${String(i).padStart(4, "0")}`;

async function createAll(t: TestContext, store: ExportStore): Promise<Export[]> {
  const watch = stopwatch();
  const made: Export[] = [];
  const status = { conditions: succeeded("Packing") };
  const create = (i: number): Promise<Export> =>
    store.create("Export", { ...newExport({ namespace: "a", name: nameAt(i) }), status }, signal);
  while (made.length < count) {
    const group = Array.from({ length: 50 }, (_, i) => made.length + i);
    made.push(...(await watch.time(() => Promise.all(group.map(create)))));
  }
  watch.say(t, "create, 50 at a time");
  return made;
}

async function listAll(t: TestContext, store: ExportStore): Promise<Export[]> {
  const watch = stopwatch();
  const listed: Export[] = [];
  for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
    const query = { continue: next, limit: 500 };
    const page = await watch.time(() => store.list("Export", query, signal));
    listed.push(...page.items);
    next = page.continue;
  }
  watch.say(t, "list of 500");
  return listed;
}

async function getSome(t: TestContext, store: ExportStore): Promise<void> {
  const watch = stopwatch();
  for (let i = 0; i < 500; i++) {
    const name = nameAt((i * 7919) % count);
    const found = await watch.time(() => store.get("Export", { namespace: "a", name }, signal));
    assert.equal(found?.metadata.name, name);
  }
  watch.say(t, "get");
}

async function watchAll(t: TestContext, store: ExportStore): Promise<void> {
  const watch = stopwatch();
  const seen = new Set<string>();
  await watch.time(async () => {
    for await (const { object } of store.watch("Export", {}, signal)) {
      seen.add(object.metadata.uid);
      if (seen.size === count) break;
    }
  });
  watch.say(t, `beginning of a watch of ${count}`);
}

type Report = (index: number, failures: number) => Promise<void>;

async function wakeMany(t: TestContext, store: ExportStore, report: Report): Promise<void> {
  const watch = stopwatch();
  const since = (await store.list("Export", { limit: 1 }, signal)).resourceVersion;
  const readers = Array.from({ length: watchers }, () =>
    store.watch("Export", { since }, signal)[Symbol.asyncIterator](),
  );
  for (let i = 0; i < 20; i++) {
    const woken = Promise.all(readers.map((reader) => reader.next()));
    const events: IteratorResult<ResourceEvent<"Export">>[] = await watch.time(async () => {
      await report(i, 3 + i);
      return await woken;
    });
    for (const { value } of events) assert.equal(value?.object.status?.failures, 3 + i);
  }
  for (const reader of readers) await reader.return?.();
  watch.say(t, `status of one until ${watchers} watches have it`);
}

/** Times of one kind of call. */
function stopwatch() {
  const times: number[] = [];
  return {
    time: async <T>(work: () => Promise<T>): Promise<T> => {
      const began = performance.now();
      const result = await work();
      times.push(performance.now() - began);
      return result;
    },
    say: (t: TestContext, what: string): void => {
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2);
      t.diagnostic(`${what}: median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms, ${times.length} runs`);
    },
  };
}
