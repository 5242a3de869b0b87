import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { databasePlace } from "../../../test/fixtures/local-database.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { temporaryFolder } from "../../../test/fixtures/run.ts";
import { openDatabase } from "./open-database.ts";

const module = new URL("open-database.ts", import.meta.url).href;
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

/** A process that has the folder open until it is killed. */
async function otherServer(folder: string): Promise<{ kill: () => Promise<void> }> {
  const script = `
    const { openDatabase } = await import(${JSON.stringify(module)});
    const database = openDatabase(process.argv[1]);
    database.write(() => database.prepare("INSERT INTO grant_usage VALUES ('other', 1, 1)").run());
    console.log("open");
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    kill: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

test("folder and files are their owner's alone, also when they were made before by somebody careless", async () => {
  await using parent = temporaryFolder();
  const folder = parent.join("new/data");
  for (const careless of [false, true]) {
    if (careless) {
      chmodSync(folder, 0o777);
      for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o666);
    }
    await using database = openDatabase(folder);
    database.write(() => database.prepare("INSERT OR REPLACE INTO grant_usage VALUES ('a', 1, 1)").run());
    assert.deepEqual(readdirSync(folder).toSorted(), [
      "lock",
      "longshore.db",
      "longshore.db-shm",
      "longshore.db-wal",
    ]);
    assert.equal(modeOf(folder), "700");
    for (const name of readdirSync(folder)) assert.equal(modeOf(join(folder, name)), "600", name);
  }
  assert.deepEqual(readdirSync(folder).toSorted(), ["lock", "longshore.db"], "closing it leaves no log");
});

test("a log that a killed server left is made private too", async () => {
  await using parent = temporaryFolder();
  const folder = parent.join("data");
  const other = await otherServer(folder);
  await other.kill();
  assert.ok(existsSync(join(folder, "longshore.db-wal")));
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
  await using database = openDatabase(folder);
  assert.equal(modeOf(join(database.folder, "longshore.db-wal")), "600");
  const row = database.prepare("SELECT served FROM grant_usage WHERE uid = 'other'").get();
  assert.equal(row?.["served"], 1, "what was committed is there");
});

test("an empty folder is taken, one that others may enter and that holds other things is not touched", async () => {
  await using parent = temporaryFolder();
  mkdirSync(parent.join("empty"));
  chmodSync(parent.join("empty"), 0o755);
  {
    await using database = openDatabase(parent.join("empty"));
    assert.equal(modeOf(database.folder), "700");
  }
  mkdirSync(parent.join("home"));
  chmodSync(parent.join("home"), 0o755);
  writeFileSync(parent.join("home/letter"), "");
  assert.throws(() => openDatabase(parent.join("home")), {
    code: "DataFolderFailed",
    message: /other things/,
  });
  assert.equal(modeOf(parent.join("home")), "755");
  assert.deepEqual(readdirSync(parent.join("home")), ["letter"]);
  chmodSync(parent.join("home"), 0o700);
  await using database = openDatabase(parent.join("home"));
  assert.ok(existsSync(database.file));
});

test("a place that can be no data folder says so", async () => {
  await using parent = temporaryFolder();
  writeFileSync(parent.join("file"), "");
  for (const folder of [parent.join("file"), parent.join("file/below"), "/proc/longshore"])
    assert.throws(
      () => openDatabase(folder),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "DataFolderFailed");
        assert.ok(error.message.includes(folder), error.message);
        return true;
      },
    );
});

test("two servers can't share a folder, and one that was killed frees it at once", async () => {
  await using place = databasePlace();
  const { folder } = place.database;
  const busy = {
    code: "DataFolderBusy",
    message: new RegExp(`another process uses the data folder ${folder}`),
  };
  // Twice: a refused opener must not have freed the lock of this process.
  for (let i = 0; i < 2; i++) {
    assert.throws(() => openDatabase(folder), busy);
    await assert.rejects(otherServerOutput(folder), /DataFolderBusy/);
  }
  await place.database[Symbol.asyncDispose]();
  const other = await otherServer(folder);
  assert.throws(() => openDatabase(folder), busy);
  await other.kill();
  await place.reopen();
});

/** What another process says that tries to open the folder; rejects with it where it fails. */
async function otherServerOutput(folder: string): Promise<void> {
  const script = `(await import(${JSON.stringify(module)})).openDatabase(process.argv[1])`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = Array.fromAsync(child.stderr as AsyncIterable<Buffer>);
  const [code] = (await once(child, "exit")) as [number];
  if (code !== 0) throw new Error(Buffer.concat(await said).toString());
}

test("a database of a newer version is refused and left as it is", async () => {
  await using place = databasePlace();
  const { file, folder } = place.database;
  place.database.prepare("PRAGMA user_version = 1000").run();
  await place.database[Symbol.asyncDispose]();
  const before = readFileSync(file);
  assert.throws(() => openDatabase(folder), {
    code: "NewerFormat",
    message: /newer longshore \(version 1000/,
  });
  assert.deepEqual(readFileSync(file), before);
  using database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 1");
  database.close();
  await place.reopen();
});

test("another program's database is refused and left as it is", async () => {
  await using parent = temporaryFolder();
  const folder = parent.join("data");
  mkdirSync(folder, { mode: 0o700 });
  const foreign = new DatabaseSync(join(folder, "longshore.db"));
  foreign.exec("CREATE TABLE notes (text)");
  foreign.close();
  assert.throws(() => openDatabase(folder), { code: "DataFolderFailed", message: /another program/ });
  const again = new DatabaseSync(join(folder, "longshore.db"));
  assert.deepEqual(
    again
      .prepare("SELECT name FROM sqlite_schema")
      .all()
      .map(({ name }) => name),
    ["notes"],
  );
  again.close();
});

test("a damaged database is named, whatever was damaged", async () => {
  const rows = 2000;
  const fill = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO resources (kind, namespace, name, document) SELECT 'Export', 'a', 'x-' || i, printf('%.500c', 'd') FROM n`;
  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    "is no database": (bytes) => Buffer.from(mixedBytes(bytes.length, "damage")),
    "has another header": (bytes) => Buffer.concat([Buffer.alloc(100, 0x2a), bytes.subarray(100)]),
    "is cut": (bytes) => bytes.subarray(0, bytes.length - 100 * 4096),
    "has pages of zeros": (bytes) =>
      Buffer.concat([bytes.subarray(0, 40 * 4096), Buffer.alloc(bytes.length - 40 * 4096)]),
    "has pages of something else": (bytes) =>
      Buffer.concat([bytes.subarray(0, 4096), mixedBytes(bytes.length - 4096, "pages")]),
  };
  for (const [what, damage] of Object.entries(damages)) {
    await using place = databasePlace();
    const { file, folder } = place.database;
    place.database.write(() => place.database.prepare(fill).run());
    await place.database[Symbol.asyncDispose]();
    writeFileSync(file, damage(readFileSync(file)));
    assert.throws(
      () => openDatabase(folder),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, "Damaged", what);
        assert.ok(error.message.includes(file), error.message);
        assert.match(error.hint ?? "", /restore the data folder/);
        return true;
      },
      what,
    );
    assert.throws(
      () => openDatabase(folder),
      { code: "Damaged" },
      "and again: the folder is not held by the failure",
    );
  }
});

test("a write happens whole or not at all, and survives a power cut by its settings", async () => {
  await using place = databasePlace();
  const { database } = place;
  const insert = database.prepare("INSERT INTO grant_usage VALUES (?, 1, 1)");
  const count = (): unknown => database.prepare("SELECT count(*) AS n FROM grant_usage").get()?.["n"];
  const failing = new Error("on purpose");
  assert.throws(
    () =>
      database.write(() => {
        insert.run("a");
        throw failing;
      }),
    failing,
  );
  assert.equal(count(), 0);
  database.write(() => insert.run("a"));
  assert.equal(count(), 1);
  const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assert.deepEqual([pragma("journal_mode"), pragma("synchronous"), pragma("busy_timeout")], ["wal", 2, 5000]);
});

test("a full disk and a foreign lock have their own errors, after which it goes on", async () => {
  await using place = databasePlace();
  const { database } = place;
  const insert = database.prepare("INSERT INTO grant_usage VALUES (?, 1, 1)");
  const pages = database.prepare("PRAGMA page_count").get()?.["page_count"];
  database.prepare(`PRAGMA max_page_count = ${Number(pages)}`).get();
  assert.throws(() => database.write(() => insert.run("x".repeat(100_000))), {
    code: "DataFolderFull",
    message: /longshore\.db has no room left/,
  });
  database.prepare("PRAGMA max_page_count = 100000").get();
  database.prepare("PRAGMA busy_timeout = 10").get();
  const foreign = new DatabaseSync(database.file);
  foreign.exec("BEGIN IMMEDIATE");
  assert.throws(() => database.write(() => insert.run("a")), {
    code: "DataFolderBusy",
    message: /another process/,
  });
  foreign.close();
  database.write(() => insert.run("a"));
});

test("what is closed says so, and may be closed again", async () => {
  await using place = databasePlace();
  const { database } = place;
  const insert = database.prepare("INSERT INTO grant_usage VALUES ('a', 1, 1)");
  await database[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  assert.ok(database.closing.aborted);
  assert.throws(() => database.write(() => insert.run()), { code: "Interrupted" });
  assert.throws(() => database.read(() => insert.run()), { code: "Interrupted" });
  assert.throws(() => database.prepare("SELECT 1"), { code: "Interrupted" });
});
