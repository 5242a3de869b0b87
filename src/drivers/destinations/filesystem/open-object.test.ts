import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { expectExit, run, temporaryFolder } from "../../../../test/fixtures/run.ts";
import { openFilesystemDestination } from "../filesystem.ts";

const { signal } = new AbortController();

test("no symbolic link leads an open object out of its folder, and nothing stays open", async () => {
  await using work = temporaryFolder();
  mkdirSync(work.join("export/parts"), { recursive: true });
  mkdirSync(work.join("outside"));
  writeFileSync(work.join("outside/secret"), "secret");
  writeFileSync(work.join("export/parts/0"), "mine");
  symlinkSync(work.join("outside/secret"), work.join("export/parts/1"));
  symlinkSync(work.join("outside"), work.join("export/files"));
  symlinkSync("0", work.join("export/parts/2"));
  symlinkSync("parts", work.join("export/inside"));
  expectExit(await run("mkfifo", [work.join("export/parts/3")]), 0);
  const destination = openFilesystemDestination(work.join("export"));
  const descriptors = readdirSync("/proc/self/fd").length;
  for (const name of ["parts/1", "parts/2", "parts/3", "files/secret", "parts", "../outside/secret"])
    await assert.rejects(async () => destination.openObject?.(name, signal), { code: "Damaged" }, name);
  // Within the folder links between folders are the owner's own business.
  for (const name of ["parts/0", "inside/0"]) {
    await using object = await destination.openObject?.(name, signal);
    assert.equal(object?.size, 4, name);
  }
  assert.equal(readdirSync("/proc/self/fd").length, descriptors);
});

test("an object longer than a path may be is opened too", async () => {
  await using work = temporaryFolder();
  const destination = openFilesystemDestination(work.join("export"));
  await destination.prepare(signal);
  const name = `files/${"deep-folder-name/".repeat(300)}file`;
  await using writer = await destination.create("tmp/a", signal);
  writer.write(Buffer.from("content"));
  await writer.commit(name);
  await using object = await destination.openObject?.(name, signal);
  const into = Buffer.alloc(7);
  assert.equal(await object?.read(into, 0), 7);
  assert.equal(into.toString(), "content");
});
