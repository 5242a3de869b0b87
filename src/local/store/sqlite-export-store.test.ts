import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { testExportStore } from "../../../test/conformance/export-store.ts";
import { databasePlace } from "../../../test/fixtures/local-database.ts";
import { newDestination, newExport } from "../../../test/fixtures/resources.ts";
import type { ExportStore } from "../../domain/ports/export-store.ts";
import type { LocalDatabase } from "./open-database.ts";
import { sqliteExportStore } from "./sqlite-export-store.ts";

const { signal } = new AbortController();
const key = { namespace: "a", name: "a" };
const short = { changes: 100, characters: 2 ** 28 };

const openStore = (database: LocalDatabase, history = short): ExportStore =>
  sqliteExportStore(database, { newId: randomUUID, clock: Date, history });

const touch = async (store: ExportStore, times: number): Promise<void> => {
  const names = Array.from({ length: times }, () => randomUUID());
  await Promise.all(
    names.map((name) => store.create("ExportDestination", newDestination({ namespace: "z", name }), signal)),
  );
};

const historyOf = (database: LocalDatabase): unknown =>
  database
    .prepare("SELECT count(*) AS rows, min(version) AS oldest, max(version) AS newest FROM changes")
    .get();

testExportStore("sqlite", async () => {
  const place = databasePlace();
  const store = openStore(place.database, { ...short, changes: 1000 });
  return {
    store,
    namespaces: ["a", "b"],
    forget: () => touch(store, 1001),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
});

test("one counter for all kinds grows with every write, and goes on after a restart", async () => {
  await using place = databasePlace();
  const first = openStore(place.database);
  const created = await first.create("Export", newExport(key), signal);
  const destination = await first.create("ExportDestination", newDestination(key), signal);
  const deleted = await first.delete("ExportDestination", key, signal);
  const second = openStore(await place.reopen());
  assert.deepEqual(await second.get("Export", key, signal), created);
  const updated = await second.updateStatus("Export", { ...created, status: { failures: 1 } }, signal);
  const versions = [created, destination, deleted, updated].map(({ metadata }) => metadata.resourceVersion);
  assert.deepEqual(versions, ["1", "2", "3", "4"]);
  assert.equal((await second.list("Export", {}, signal)).resourceVersion, "4");
});

test("a status that a new resource has is kept, and an update that changes nothing writes nothing", async () => {
  await using place = databasePlace();
  const store = openStore(place.database);
  const created = await store.create("Export", { ...newExport(key), status: { failures: 7 } }, signal);
  assert.deepEqual(created.status, { failures: 7 });
  const same = await store.update(
    "Export",
    { ...created, metadata: { ...created.metadata, labels: {} } },
    signal,
  );
  assert.deepEqual(same, created);
  assert.deepEqual(historyOf(place.database), { __proto__: null, rows: 1, oldest: 1, newest: 1 });
});

test("the history keeps a number of changes, and a watch from before expires however it is asked", async () => {
  await using place = databasePlace();
  const store = openStore(place.database);
  await touch(store, 250);
  assert.deepEqual(historyOf(place.database), { __proto__: null, rows: 100, oldest: 151, newest: 250 });
  const all = (since: string): Promise<unknown> => first(store.watch("ExportDestination", { since }, signal));
  assert.notEqual(await all("150"), undefined, "the oldest that is kept");
  for (const since of ["149", "0", "251", "999999999999999"])
    await assert.rejects(all(since), { code: "WatchExpired", message: new RegExp(` ${since} `) }, since);
  for (const since of ["-1", "1.5", "x", "", "1e3", " 1", "9".repeat(16)])
    await assert.rejects(all(since), { code: "InvalidArgument" }, JSON.stringify(since));
});

test("the history keeps a number of characters, and always the last change", async () => {
  await using place = databasePlace();
  const store = openStore(place.database, { changes: 1000, characters: 20_000 });
  await touch(store, 200);
  const { rows, kept } = place.database
    .prepare("SELECT count(*) AS rows, sum(length(document)) AS kept FROM changes")
    .get() as { rows: number; kept: number };
  assert.ok(kept > 19_000 && kept < 21_000 && rows > 20, `${rows} rows of ${kept}`);
  const big = newExport(key, { annotations: { big: "x".repeat(50_000) } });
  for (const name of ["b", "c"])
    await store.create("Export", { ...big, metadata: { ...big.metadata, name } }, signal);
  assert.equal((historyOf(place.database) as { rows: number }).rows, 1, "a backlog is gone at once");
  const created = await store.create("Export", big, signal);
  assert.equal(created.metadata.resourceVersion, "203");
  assert.equal((await store.list("Export", {}, signal)).resourceVersion, "203");
});

test("who waits is not expired by changes that are not his, and who is too slow is", async () => {
  await using place = databasePlace();
  const store = openStore(place.database);
  const waiting = first(store.watch("Export", { since: "0" }, signal));
  await setImmediate();
  await touch(store, 500);
  await store.create("Export", newExport(key), signal);
  assert.equal((await waiting)?.object.metadata.resourceVersion, "501");

  const slow = store.watch("ExportDestination", {}, signal)[Symbol.asyncIterator]();
  await slow.next();
  await touch(store, 300);
  const rest = async (): Promise<void> => {
    while (!(await slow.next()).done);
  };
  await assert.rejects(rest, { code: "WatchExpired" });
});

test("watches wait without a timer and without asking again", async (t) => {
  await using place = databasePlace();
  const store = openStore(place.database);
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const waiting = first(store.watch("Export", {}, signal));
  for (let i = 0; i < 5; i++) await setImmediate();
  await store.create("Export", newExport(key), signal);
  assert.equal((await waiting)?.object.metadata.name, "a");
});

test("closing the database ends the watches that wait", async () => {
  await using place = databasePlace();
  const store = openStore(place.database);
  const waiting = assert.rejects(first(store.watch("Export", {}, signal)), { code: "Interrupted" });
  await setImmediate();
  await place.database[Symbol.asyncDispose]();
  await waiting;
  await assert.rejects(store.get("Export", key, signal), { code: "Interrupted" });
});

test("large documents make a page short, and the list goes on", async () => {
  await using place = databasePlace();
  const store = openStore(place.database, { changes: 2, characters: 1000 });
  const annotations = { large: "x".repeat(3 * 2 ** 20) };
  for (const name of ["a", "b", "c", "d", "e"])
    await store.create("Export", newExport({ namespace: "a", name }, { annotations }), signal);
  const sizes: number[] = [];
  const names: string[] = [];
  for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
    const page = await store.list("Export", { continue: next }, signal);
    sizes.push(page.items.length);
    names.push(...page.items.map(({ metadata }) => metadata.name));
    next = page.continue;
  }
  assert.deepEqual(sizes, [3, 2]);
  assert.deepEqual(names, ["a", "b", "c", "d", "e"]);
});

test("a cursor belongs to its list, and a list of nothing is refused", async () => {
  await using place = databasePlace();
  const store = openStore(place.database);
  for (const name of ["a", "b"]) await store.create("Export", newExport({ namespace: "a", name }), signal);
  const { continue: cursor } = await store.list("Export", { namespace: "a", limit: 1 }, signal);
  const refused = { code: "InvalidArgument" };
  for (const namespace of ["b", undefined])
    await assert.rejects(store.list("Export", { namespace, continue: cursor }, signal), refused);
  await assert.rejects(store.list("DownloadGrant", { namespace: "a", continue: cursor }, signal), refused);
  for (const limit of [0, -1, 1.5, Number.NaN])
    await assert.rejects(store.list("Export", { limit }, signal), refused, `${limit}`);
});

test("a row that can't be read is named, loudly, wherever it is met", async () => {
  const damages = [
    "{",
    "",
    "null",
    "[]",
    "7",
    '{"kind":"Export"}',
    '{"kind":"Export","metadata":{"namespace":"a","name":"b"}}',
  ];
  for (const damage of damages) {
    await using place = databasePlace();
    const store = openStore(place.database);
    const made = await store.create("Export", newExport(key), signal);
    for (const table of ["resources", "changes"])
      place.database.write(() => place.database.prepare(`UPDATE ${table} SET document = ?`).run(damage));
    const calls: Record<string, () => Promise<unknown>> = {
      get: () => store.get("Export", key, signal),
      list: () => store.list("Export", {}, signal),
      create: () => store.create("Export", newExport(key), signal),
      update: () => store.update("Export", made, signal),
      updateStatus: () => store.updateStatus("Export", made, signal),
      delete: () => store.delete("Export", key, signal),
      watch: () => first(store.watch("Export", {}, signal)),
      replay: () => first(store.watch("Export", { since: "0" }, signal)),
    };
    for (const [call, run] of Object.entries(calls))
      await assert.rejects(
        run,
        { code: "Damaged", message: /the Export a\/a in .*longshore\.db can't be read/, hint: /backup/ },
        `${call} of ${damage}`,
      );
  }
});

test("lists and watches use their indexes", async () => {
  await using place = databasePlace();
  const plan = (sql: string): string =>
    place.database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail)
      .join("; ");
  const plans = statements(place.database).map((sql) => [sql, plan(sql)] as const);
  const selects = plans.filter(([sql]) => sql.startsWith("SELECT"));
  assert.ok(selects.length >= 5);
  for (const [sql, steps] of selects)
    assert.doesNotMatch(steps, /TEMP B-TREE|SCAN (?!changes$)/, `${sql}: ${steps}`);
});

/** What the store prepares on the database. */
function statements(database: LocalDatabase): string[] {
  const prepared: string[] = [];
  openStore({
    ...database,
    prepare: (sql) => {
      prepared.push(sql);
      return database.prepare(sql);
    },
  });
  return prepared;
}

async function first<T>(events: AsyncIterable<T>): Promise<T | undefined> {
  for await (const event of events) return event;
  return undefined;
}
