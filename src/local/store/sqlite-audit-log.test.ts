import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { databasePlace, handClock } from "../../../test/fixtures/local-database.ts";
import type { AuditLog, AuditQuery, AuditRecord, NewAuditRecord } from "../../domain/ports/audit-log.ts";
import { sqliteAuditLog } from "./sqlite-audit-log.ts";

const request: NewAuditRecord = { actor: "token:admin", action: "create", kind: "Export", status: 202 };
const of = (namespace: string, name: string): NewAuditRecord => ({ ...request, namespace, name });

test("keeps every member of a record, and none that was not there", async () => {
  await using place = databasePlace();
  const clock = handClock();
  const log = sqliteAuditLog(place.database, clock);
  const whole: NewAuditRecord = {
    actor: "grant:7d2c",
    action: "download",
    kind: "Export",
    namespace: "default",
    name: "reports",
    uid: "4c1f",
    status: 206,
    address: "2001:db8::1",
    download: { file: "reports.tar.zst", ranges: "0-499,1000-", bytes: 2 ** 40, complete: false },
    reason: "GrantExhausted",
  };
  log.append(whole);
  clock.time += 1500;
  log.append({ ...request, namespace: undefined, download: undefined });
  const expected = [
    { ...request, id: 2, time: "2026-03-01T00:00:01.500Z" },
    { ...whole, id: 1, time: "2026-03-01T00:00:00.000Z" },
  ];
  assert.deepEqual(log.list({ limit: 10 }), { items: expected });
  const again = sqliteAuditLog(await place.reopen(), clock);
  assert.deepEqual(again.list({ limit: 10 }), { items: expected }, "after a restart");
});

test("whatever text comes from outside, the record says it, or what Unicode makes of it", async () => {
  await using place = databasePlace();
  const log = sqliteAuditLog(place.database, handClock());
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, text, text, (actor, name, file) => {
      log.append({ ...request, actor, name, download: { file, ranges: "", bytes: 0, complete: true } });
      const [record] = log.list({ limit: 1 }).items;
      assert.deepEqual([record?.actor, record?.name, record?.download?.file], [actor, name, file]);
    }),
    { numRuns: 200, seed: 20_261_120 },
  );
  log.append({ ...request, actor: "\ud800", name: "'; DROP TABLE audit; --\0\n" });
  assert.equal(log.list({ limit: 1 }).items[0]?.name, "'; DROP TABLE audit; --\0\n");
});

test("lists the newest first, by namespace and name, page by page", async () => {
  await using place = databasePlace();
  const log = sqliteAuditLog(place.database, handClock());
  const all: NewAuditRecord[] = [];
  for (let i = 0; i < 60; i++) all.push(of(i % 2 === 0 ? "a" : "b", i % 3 === 0 ? "x" : "y"));
  all.push(request);
  for (const record of all) log.append(record);
  const filters: Omit<AuditQuery, "limit">[] = [
    {},
    { namespace: "a" },
    { name: "x" },
    { namespace: "b", name: "y" },
    { namespace: "c" },
    { before: 31 },
    { before: 31, namespace: "a", name: "x" },
  ];
  for (const filter of filters) {
    const expected = all
      .map((record, index) => ({ ...record, id: index + 1 }))
      .filter(
        ({ id, namespace, name }) =>
          id < (filter.before ?? 1000) &&
          (filter.namespace ?? namespace) === namespace &&
          (filter.name ?? name) === name,
      )
      .map(({ id }) => id)
      .toReversed();
    for (const limit of [1, 7, 1000]) {
      const ids = everything(log, { ...filter, limit }).map(({ id }) => id);
      assert.deepEqual(ids, expected, JSON.stringify({ ...filter, limit }));
    }
  }
  for (const limit of [0, 1001, -1, 1.5, Number.NaN])
    assert.throws(() => log.list({ limit }), { code: "InvalidArgument" }, `${limit}`);
});

test("nothing in it can be changed or removed, not even by replacing it", async () => {
  await using place = databasePlace();
  const { database } = place;
  const log = sqliteAuditLog(database, handClock());
  log.append(of("a", "x"));
  const before = log.list({ limit: 10 });
  const attempts = [
    "UPDATE audit SET actor = 'nobody'",
    "DELETE FROM audit",
    "INSERT OR REPLACE INTO audit (id, time, actor, action, kind, status) VALUES (1, '', 'nobody', '', '', 0)",
    `INSERT INTO audit (id, time, actor, action, kind, status) VALUES (1, '', 'nobody', '', '', 0)
     ON CONFLICT (id) DO UPDATE SET actor = excluded.actor`,
  ];
  for (const sql of attempts)
    assert.throws(
      () => database.write(() => database.prepare(sql).run()),
      (error: Error) => error.cause instanceof Error && /append-only/.test(error.cause.message),
      sql,
    );
  assert.deepEqual(log.list({ limit: 10 }), before);
});

test("every way to ask uses an index, and reads no more than its page", async () => {
  await using place = databasePlace();
  const { database } = place;
  const prepared: string[] = [];
  sqliteAuditLog(
    {
      ...database,
      prepare: (sql) => {
        prepared.push(sql);
        return database.prepare(sql);
      },
    },
    handClock(),
  );
  const selects = prepared.filter((sql) => sql.startsWith("SELECT"));
  assert.equal(selects.length, 4);
  for (const sql of selects) {
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    for (const { detail } of steps)
      assert.match(String(detail), /^SEARCH audit USING (?:INTEGER PRIMARY KEY|INDEX)/, sql);
  }
});

function everything(log: AuditLog, query: AuditQuery): AuditRecord[] {
  const items: AuditRecord[] = [];
  for (let { before } = query, isFirst = true; isFirst || before !== undefined; isFirst = false) {
    const page = log.list({ ...query, before });
    assert.ok(page.items.length <= query.limit);
    items.push(...page.items);
    before = page.next;
  }
  return items;
}
