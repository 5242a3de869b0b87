import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { databasePlace } from "../../../test/fixtures/local-database.ts";
import { seededRandom, seedOfRun } from "../../../test/fixtures/random.ts";
import type { Acknowledged } from "../../../test/fixtures/store-writer.ts";
import type { LocalDatabase } from "./open-database.ts";
import { sqliteAuditLog } from "./sqlite-audit-log.ts";
import { sqliteExportStore } from "./sqlite-export-store.ts";
import { sqliteGrantKeys } from "./sqlite-grant-keys.ts";
import { sqliteIdempotency } from "./sqlite-idempotency.ts";
import { sqliteTokenStore } from "./sqlite-token-store.ts";

const kills = 20;
const { signal } = new AbortController();
const program = fileURLToPath(new URL("../../../test/fixtures/store-writer.ts", import.meta.url));

/** Runs the writer until it has said so many lines, kills it, and gives every whole line. */
async function writeAndKill(folder: string, round: number, lines: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [program, folder, `${round}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  let said = "";
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    said += chunk.toString();
    if (said.split("\n").length > lines) child.kill("SIGKILL");
  }
  assert.deepEqual(await ended, [null, "SIGKILL"], "it ended by itself");
  return said
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Acknowledged);
}

test(`a server killed ${kills} times while it writes opens again, and nothing acknowledged is lost`, async (t) => {
  await using place = databasePlace();
  const random = seededRandom(seedOfRun());
  const all: Acknowledged[] = [];
  for (let round = 0; round < kills; round++) {
    await place.database[Symbol.asyncDispose]();
    all.push(...(await writeAndKill(place.folder, round, 1 + Math.floor(random() * 60))));
    await checkAll(await place.reopen(), all);
  }
  t.diagnostic(`${all.length} writes acknowledged`);
});

async function checkAll(database: LocalDatabase, acknowledged: readonly Acknowledged[]): Promise<void> {
  const check = database.prepare("PRAGMA integrity_check").get();
  assert.equal(check?.["integrity_check"], "ok");
  await checkResources(database, acknowledged);
  checkHistory(database);
  const names = (what: Acknowledged["what"]): string[] =>
    acknowledged.filter((line) => line.what === what).map(({ name }) => name);
  const tokens = new Set(
    sqliteTokenStore(database, Date)
      .list()
      .map(({ name }) => name),
  );
  for (const name of names("token")) assert.ok(tokens.has(name), `the token ${name} is lost`);

  const ids: number[] = [];
  const records = new Set<string>();
  for (let before: number | undefined, isFirst = true; isFirst || before !== undefined; isFirst = false) {
    const page = sqliteAuditLog(database, Date).list({ before, limit: 1000 });
    for (const { id, name } of page.items) {
      ids.push(id);
      records.add(name ?? "");
    }
    before = page.next;
  }
  for (const name of names("audit")) assert.ok(records.has(name), `the record of ${name} is lost`);
  assert.deepEqual(
    ids,
    Array.from(ids, (_, i) => ids.length - i),
    "no record is missing between the others",
  );

  const keys = sqliteGrantKeys(database, { clock: Date });
  const last = names("key").at(-1);
  assert.ok(last === undefined || keys.publicKeys().has(last), `the key ${last} is lost`);
  const idempotency = sqliteIdempotency(database, { newId: () => "", clock: Date });
  for (const name of names("idempotency"))
    assert.deepEqual(idempotency.begin("system", name, "digest"), {
      kind: "done",
      status: 202,
      headers: {},
      body: name,
    });
}

/** Each resource is as it was last acknowledged, or one write further: the one that the kill met. */
async function checkResources(database: LocalDatabase, acknowledged: readonly Acknowledged[]): Promise<void> {
  const store = sqliteExportStore(database, { newId: () => "", clock: Date });
  const said = new Map<string, string | undefined>();
  for (const line of acknowledged) if (line.what === "resource") said.set(line.name, line.document);
  let unsaid = 0;
  for (const [name, document] of said) {
    const found = await store.get("Export", { namespace: "default", name }, signal);
    if (document === undefined) assert.equal(found, undefined, `${name} came back`);
    else if (JSON.stringify(found) !== document) {
      const version = Number(found?.metadata.resourceVersion ?? Number.POSITIVE_INFINITY);
      assert.ok(version > Number(JSON.parse(document).metadata.resourceVersion), `${name} lost a write`);
      unsaid++;
    }
  }
  assert.ok(unsaid <= kills, `${unsaid} resources are not as they were acknowledged`);
}

/** The table and the last change of each resource say the same. */
function checkHistory(database: LocalDatabase): void {
  const table = new Map<string, string>();
  const history = new Map<string, string>();
  for (const row of database.prepare("SELECT name, document FROM resources").all())
    table.set(String(row["name"]), String(row["document"]));
  for (const row of database.prepare("SELECT name, type, document FROM changes ORDER BY version").all())
    history.set(String(row["name"]), row["type"] === "DELETED" ? "" : String(row["document"]));
  for (const [name, document] of history)
    assert.equal(document, table.get(name) ?? "", `${name} and its last change`);
}
