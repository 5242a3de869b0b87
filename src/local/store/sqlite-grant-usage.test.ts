import assert from "node:assert/strict";
import { test } from "node:test";
import { databasePlace, handClock } from "../../../test/fixtures/local-database.ts";
import type { LocalDatabase } from "./open-database.ts";
import { openSqliteGrantUsage } from "./sqlite-grant-usage.ts";

/** What would be there if the process died now. */
const durable = (database: LocalDatabase): unknown[] =>
  database
    .prepare("SELECT uid, served, last_used FROM grant_usage ORDER BY uid")
    .all()
    .map((row) => Object.values(row));

test("counts what went out, seen at once, and keeps it over a restart", async () => {
  await using place = databasePlace();
  const clock = handClock();
  {
    await using usage = openSqliteGrantUsage(place.database, clock);
    assert.deepEqual([usage.served("a"), usage.lastUsed("a")], [0, undefined]);
    usage.add("a", 2 ** 40);
    clock.time += 500;
    usage.add("a", 1);
    usage.add("b", 7);
    assert.deepEqual([usage.served("a"), usage.lastUsed("a")], [2 ** 40 + 1, clock.time]);
    assert.equal(usage.served("c"), 0);
  }
  const used = clock.time;
  await using usage = openSqliteGrantUsage(await place.reopen(), clock);
  assert.deepEqual([usage.served("a"), usage.lastUsed("a")], [2 ** 40 + 1, used]);
  clock.time += 1000;
  usage.add("a", 9);
  assert.deepEqual([usage.served("a"), usage.lastUsed("a")], [2 ** 40 + 10, used + 1000]);
  assert.deepEqual([usage.served("b"), usage.lastUsed("b")], [7, used]);
});

test("what was counted is durable a second later, and nothing is written while nothing is counted", async (t) => {
  await using place = databasePlace();
  const clock = handClock();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await using usage = openSqliteGrantUsage(place.database, clock);
  for (let i = 0; i < 1000; i++) usage.add("a", 1);
  assert.deepEqual(durable(place.database), []);
  t.mock.timers.tick(999);
  assert.deepEqual(durable(place.database), []);
  t.mock.timers.tick(1);
  assert.deepEqual(durable(place.database), [["a", 1000, clock.time]]);
  assert.equal(usage.served("a"), 1000, "not counted twice");
  usage.add("a", 5);
  usage.add("b", 6);
  t.mock.timers.tick(1000);
  assert.deepEqual(durable(place.database), [
    ["a", 1005, clock.time],
    ["b", 6, clock.time],
  ]);
});

test("closing it makes everything durable", async () => {
  await using place = databasePlace();
  const clock = handClock();
  const usage = openSqliteGrantUsage(place.database, clock);
  usage.add("a", 3);
  await usage[Symbol.asyncDispose]();
  assert.deepEqual(durable(place.database), [["a", 3, clock.time]]);
  await usage[Symbol.asyncDispose]();
  assert.deepEqual(durable(place.database), [["a", 3, clock.time]]);
});

test("a grant that is gone is forgotten, counted a moment ago or long before", async (t) => {
  await using place = databasePlace();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await using usage = openSqliteGrantUsage(place.database, handClock());
  usage.add("a", 1);
  t.mock.timers.tick(1000);
  usage.add("a", 1);
  usage.forget("a");
  usage.forget("never");
  assert.deepEqual([usage.served("a"), usage.lastUsed("a")], [0, undefined]);
  t.mock.timers.tick(1000);
  assert.deepEqual(durable(place.database), []);
});

test("where counts can't be written, whoever adds is told, and nothing is lost when it can be again", async (t) => {
  await using place = databasePlace();
  const { database } = place;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await using usage = openSqliteGrantUsage(database, handClock());
  const failing = (state: "ON" | "OFF"): void => void database.prepare(`PRAGMA query_only = ${state}`).run();
  failing("ON");
  usage.add("a", 1);
  t.mock.timers.tick(1000);
  failing("OFF");
  t.mock.timers.tick(1000);
  assert.equal((durable(database) as unknown[][])[0]?.[1], 1, "tried again by itself");
  usage.add("a", 1);
  failing("ON");
  t.mock.timers.tick(1000);
  assert.throws(() => usage.add("a", 2), { code: "DataFolderFailed" });
  assert.equal(usage.served("a"), 4);
  failing("OFF");
  t.mock.timers.tick(1000);
  usage.add("a", 4);
  assert.equal(usage.served("a"), 8);
  t.mock.timers.tick(1000);
  assert.equal((durable(database) as unknown[][])[0]?.[1], 8);
});
