import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { databasePlace, handClock } from "../../../test/fixtures/local-database.ts";
import type { Idempotency } from "../../domain/ports/idempotency.ts";
import type { LocalDatabase } from "./open-database.ts";
import { sqliteIdempotency } from "./sqlite-idempotency.ts";

const hour = 3_600_000;
const reply = { status: 202, headers: { location: "/api/v1/x" }, body: '{"a":"gr\u00fc\u00dfe"}' };

function idOf(outcome: ReturnType<Idempotency["begin"]>): string {
  assert.equal(outcome.kind, "new");
  return outcome.kind === "new" ? outcome.requestId : "";
}

const open = (database: LocalDatabase, clock = handClock()): Idempotency =>
  sqliteIdempotency(database, { newId: randomUUID, clock });

test("a request is done once, and its answer given again, also after a restart", async () => {
  await using place = databasePlace();
  const entries = open(place.database);
  idOf(entries.begin("token:a", "k", "digest"));
  assert.deepEqual(entries.begin("token:a", "k", "digest"), { kind: "running" });
  entries.finish("token:a", "k", reply);
  assert.deepEqual(entries.begin("token:a", "k", "digest"), { kind: "done", ...reply });
  const again = open(await place.reopen());
  assert.deepEqual(again.begin("token:a", "k", "digest"), { kind: "done", ...reply });
  again.finish("token:a", "k", { ...reply, status: 500 });
  again.abandon("token:a", "k");
  assert.deepEqual(again.begin("token:a", "k", "digest"), { kind: "done", ...reply }, "what is done stays");
});

test("an answer may have no location and no body", async () => {
  await using place = databasePlace();
  const entries = open(place.database);
  entries.begin("a", "k", "d");
  entries.finish("a", "k", { status: 204, headers: {}, body: "" });
  assert.deepEqual(entries.begin("a", "k", "d"), { kind: "done", status: 204, headers: {}, body: "" });
});

test("keys belong to who used them", async () => {
  await using place = databasePlace();
  const entries = open(place.database);
  const ids = [
    ["token:a", "k"],
    ["token:b", "k"],
    ["token:a", "K"],
    ["token:a", ""],
    ["token:", "ak"],
  ].map(([actor = "", key = ""]) => idOf(entries.begin(actor, key, "digest")));
  assert.equal(new Set(ids).size, ids.length);
});

test("another request with the key is a mismatch, running, done or cut off", async () => {
  await using place = databasePlace();
  const entries = open(place.database);
  entries.begin("a", "done", "one");
  entries.begin("a", "running", "one");
  assert.deepEqual(entries.begin("a", "done", "two"), { kind: "mismatch" });
  entries.finish("a", "done", reply);
  assert.deepEqual(entries.begin("a", "done", "two"), { kind: "mismatch" });
  const again = open(await place.reopen());
  assert.deepEqual(again.begin("a", "running", "two"), { kind: "mismatch" });
  assert.deepEqual(again.begin("a", "done", "two"), { kind: "mismatch" });
});

test("what was cut off by a restart is begun again with its id, by which its work is known", async () => {
  await using place = databasePlace();
  const id = idOf(open(place.database).begin("a", "k", "digest"));
  for (let i = 0; i < 2; i++) {
    const next = open(await place.reopen());
    assert.equal(idOf(next.begin("a", "k", "digest")), id);
    assert.deepEqual(next.begin("a", "k", "digest"), { kind: "running" });
  }
  const last = open(place.database);
  last.begin("a", "k", "digest");
  last.finish("a", "k", reply);
  assert.deepEqual(last.begin("a", "k", "digest"), { kind: "done", ...reply });
});

test("what was abandoned is tried again with its id, and frees the key for another request", async () => {
  await using place = databasePlace();
  const entries = open(place.database);
  const id = idOf(entries.begin("a", "k", "one"));
  entries.abandon("a", "k");
  assert.equal(idOf(entries.begin("a", "k", "one")), id);
  entries.abandon("a", "k");
  const other = idOf(entries.begin("a", "k", "two"));
  assert.notEqual(other, id);
  assert.deepEqual(entries.begin("a", "k", "one"), { kind: "mismatch" });
  entries.abandon("a", "nothing");
  entries.finish("a", "nothing", reply);
  idOf(entries.begin("a", "nothing", "one"));
});

test("everything is forgotten after a day", async () => {
  await using place = databasePlace();
  const clock = handClock();
  const entries = open(place.database, clock);
  const id = idOf(entries.begin("a", "k", "one"));
  entries.finish("a", "k", reply);
  clock.time += 24 * hour - 1;
  assert.equal(entries.begin("a", "k", "one").kind, "done");
  clock.time += 1;
  assert.notEqual(idOf(entries.begin("a", "k", "two")), id);
  clock.time += 24 * hour;
  entries.begin("b", "k", "one");
  const left = place.database.prepare("SELECT count(*) AS n FROM idempotency").get();
  assert.equal(left?.["n"], 1);
});
