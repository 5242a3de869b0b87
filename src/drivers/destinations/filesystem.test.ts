import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { describe, test } from "node:test";
import { testDestination } from "../../../test/conformance/destination.ts";
import { asNobody } from "../../../test/fixtures/as-nobody.ts";
import { temporaryFolder } from "../../../test/fixtures/run.ts";
import { openFilesystemDestination } from "./filesystem.ts";

const { signal } = new AbortController();

testDestination("filesystem", async () => {
  const folder = temporaryFolder();
  const open = (name: string) => openFilesystemDestination(folder.join(name));
  return {
    destination: open("gr\u00fc\u00dfe/export"),
    again: () => open("gr\u00fc\u00dfe/export"),
    other: async () => {
      await open("other").prepare(signal);
      return open("other");
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

/** Every call that changes something, on its own. */
function changes(folder: string): Record<string, () => Promise<unknown>> {
  const destination = openFilesystemDestination(folder);
  return {
    put: () => destination.put("plan/a", Buffer.from("1"), signal),
    putIfAbsent: () => destination.putIfAbsent("receipts/a", Buffer.from("1"), signal),
    mark: () => destination.mark("attempts/a", signal),
    create: () => destination.create("tmp/a", signal),
  };
}

describe("a filesystem destination that fails", () => {
  test("may not be written: it is DestinationDenied, naming the folder", async () => {
    await using work = temporaryFolder();
    const folder = work.join("denied");
    mkdirSync(folder);
    chmodSync(folder, 0o555);
    for (const [call, run] of Object.entries({
      ...changes(folder),
      lock: () => openFilesystemDestination(folder).lock("me", signal),
    }))
      await assert.rejects(asNobody(run), { code: "DestinationDenied", message: new RegExp(folder) }, call);
    assert.deepEqual(readdirSync(folder), []);
  });

  test("is no place for files at all: it is an error of the catalogue", async () => {
    for (const [call, run] of Object.entries(changes("/proc/sys")))
      await assert.rejects(
        run,
        { name: "LongshoreError", code: /^Destination/, message: /\/proc\/sys/ },
        call,
      );
    await assert.rejects(openFilesystemDestination("/proc/none/x").prepare(signal), { code: /^Destination/ });
  });

  test("is gone: it is DestinationGone, and nothing makes it again", async () => {
    await using work = temporaryFolder();
    const folder = work.join("gone");
    for (const [call, run] of Object.entries(changes(folder)))
      await assert.rejects(run, { code: "DestinationGone" }, call);
    assert.ok(!existsSync(folder));
  });

  test("goes while an object is written: its commit is DestinationGone", async () => {
    await using work = temporaryFolder();
    const folder = work.join("going");
    const destination = openFilesystemDestination(folder);
    await destination.prepare(signal);
    await using writer = await destination.create("tmp/a", signal);
    rmSync(folder, { recursive: true });
    writer.write(Buffer.from("1"));
    await assert.rejects(writer.commit("parts/a"), { code: "DestinationGone" });
    assert.ok(!existsSync(folder));
  });

  test("is a file: it is DestinationGone", async () => {
    await using work = temporaryFolder();
    const folder = work.join("file");
    writeFileSync(folder, "");
    for (const [call, run] of Object.entries(changes(folder)))
      await assert.rejects(run, { code: "DestinationGone" }, call);
    await assert.rejects(openFilesystemDestination(folder).prepare(signal), { code: /^Destination/ });
  });

  test(
    "is full: it is DestinationFull, and leaves nothing of what did not fit",
    { skip: !existsSync("/dev/full") },
    async () => {
      await using work = temporaryFolder();
      const folder = work.join("full");
      const destination = openFilesystemDestination(folder);
      await destination.prepare(signal);
      mkdirSync(`${folder}/tmp`);
      symlinkSync("/dev/full", `${folder}/tmp/part`);
      const writer = await destination.create("tmp/part", signal);
      assert.throws(() => writer.write(Buffer.alloc(100)), { code: "DestinationFull", message: /is full/ });
      await writer[Symbol.asyncDispose]();
      symlinkSync("/dev/full", `${folder}/tmp/holder`);
      await assert.rejects(destination.lock("me", signal), { code: "DestinationFull" });
      rmSync(`${folder}/tmp/holder`);
      await using _lock = await destination.lock("me", signal);
    },
  );

  test("has a folder where a record should be: the record's temporary file does not stay", async () => {
    await using work = temporaryFolder();
    const destination = openFilesystemDestination(work.path);
    mkdirSync(work.join("plan.json/x"), { recursive: true });
    await assert.rejects(destination.put("plan.json", Buffer.from("1"), signal), {
      code: "DestinationFailed",
    });
    assert.deepEqual(readdirSync(work.join("tmp")), []);
  });
});

test("a writer that is used after its end says so", async () => {
  await using work = temporaryFolder();
  await using writer = await openFilesystemDestination(work.path).create("tmp/a", signal);
  await writer.commit("a");
  assert.throws(() => writer.write(Buffer.from("1")), { code: "DestinationFailed" });
});

describe("a copy from another folder", () => {
  const shared = "/dev/shm";
  const isElsewhere = existsSync(shared) && statSync(shared).dev !== statSync(tmpdir()).dev;

  test("is the same file where both are on one file system", async () => {
    await using work = temporaryFolder();
    for (const name of ["one", "two"]) mkdirSync(work.join(name));
    const one = openFilesystemDestination(work.join("one"));
    await one.put("parts/a", Buffer.from("1"), signal);
    assert.ok(
      await openFilesystemDestination(work.join("two")).copyFrom?.(one, "parts/a", "parts/b", signal),
    );
    assert.equal(statSync(work.join("two/parts/b")).ino, statSync(work.join("one/parts/a")).ino);
  });

  test(
    "is a file of its own across file systems",
    { skip: isElsewhere ? false : "there is one file system" },
    async () => {
      await using here = temporaryFolder();
      await using there = temporaryFolder(shared);
      const one = openFilesystemDestination(here.path);
      const two = openFilesystemDestination(there.path);
      await one.put("parts/a", Buffer.from("copied"), signal);
      assert.ok(await two.copyFrom?.(one, "parts/a", "parts/b", signal));
      assert.equal(readFileSync(there.join("parts/b"), "utf8"), "copied");
      assert.deepEqual(readdirSync(there.join("tmp")), []);
      await assert.rejects(async () => two.copyFrom?.(one, "parts/none", "parts/c", signal), {
        code: /^Destination/,
      });
      assert.ok(!existsSync(there.join("parts/c")));
    },
  );
});
