import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../../../../test/fixtures/run.ts";
import { lockFolder } from "./lock.ts";

const { signal } = new AbortController();
const module = new URL("lock.ts", import.meta.url).href;

/** A process that takes the lock and keeps it until it is killed. */
async function holderProcess(folder: string): Promise<{ kill: () => Promise<void> }> {
  const script = `
    const { lockFolder } = await import(${JSON.stringify(module)});
    await lockFolder(process.argv[1], "process " + process.pid, new AbortController().signal);
    console.log("taken");
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

test("a lock whose holder is killed is free at once", async () => {
  await using work = temporaryFolder();
  mkdirSync(work.join("tmp"));
  const holder = await holderProcess(work.path);
  await assert.rejects(lockFolder(work.path, "me", signal), {
    code: "LocationBusy",
    message: /worked on by process \d+/,
  });
  await holder.kill();
  await using _lock = await lockFolder(work.path, "me", signal);
  await assert.rejects(lockFolder(work.path, "you", signal), {
    code: "LocationBusy",
    message: /worked on by me/,
  });
});

test("a released lock leaves no file", async () => {
  await using work = temporaryFolder();
  mkdirSync(work.join("tmp"));
  const lock = await lockFolder(work.path, "me", signal);
  assert.ok(existsSync(work.join("lock")));
  await lock[Symbol.asyncDispose]();
  for (const name of ["lock", "lock-journal", "tmp/holder"]) assert.ok(!existsSync(work.join(name)), name);
});

test("many who try at once take it one after another", async () => {
  await using work = temporaryFolder();
  mkdirSync(work.join("tmp"));
  let holders = 0;
  let turns = 0;
  const compete = async (name: string): Promise<void> => {
    for (let taken = 0; taken < 5;) {
      try {
        await using _lock = await lockFolder(work.path, name, signal);
        assert.equal(++holders, 1);
        await new Promise((next) => setImmediate(next));
        holders--;
        taken++;
        turns++;
      } catch (error) {
        assert.equal((error as { code?: string }).code, "LocationBusy");
        await new Promise((next) => setTimeout(next, 1));
      }
    }
  };
  await Promise.all(["a", "b", "c"].map(compete));
  assert.equal(turns, 15);
});
