/** A destination that is full, read-only or gone, and a person who presses Ctrl-C: each is named, and none loses work. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { contentOf, expectNoLeftovers, expectVerified, exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import {
  expectExit,
  expectOneSentence,
  longshore,
  missingProgram,
  notRoot,
  run,
  startLongshore,
  temporaryFolder,
  until,
} from "../fixtures/run.ts";

const mebibyte = 1024 * 1024;

function makeTree(source: string, mebibytes: number): void {
  mkdirSync(source);
  writeFileSync(`${source}/large`, mixedBytes(mebibytes * mebibyte, "large"));
  for (let index = 0; index < 100; index += 1)
    writeFileSync(`${source}/${index}`, mixedBytes(index * 100, `${index}`));
}

type Mounted = AsyncDisposable & { remount: (options: string) => Promise<void> };

async function mountTmpfs(folder: string, options: string): Promise<Mounted> {
  mkdirSync(folder);
  expectExit(await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]), 0);
  return {
    remount: async (changed) => {
      expectExit(await run("mount", ["-o", `remount,${changed}`, folder]), 0);
    },
    async [Symbol.asyncDispose]() {
      expectExit(await run("umount", [folder]), 0);
    },
  };
}

async function mountRefused(): Promise<string | false> {
  if (notRoot !== false) return notRoot;
  await using work = temporaryFolder();
  const tried = await run("mount", ["-t", "tmpfs", "tmpfs", work.path]);
  if (tried.code !== 0) return `file systems cannot be mounted here: ${tried.stderr.trim()}`;
  await run("umount", [work.path]);
  return false;
}

const skipMounts = missingProgram("mount") || (await mountRefused());

suite("a destination", () => {
  for (const format of ["tar.zst", "zip", "files"]) {
    test(
      `that is full fails by name and goes on when there is room, in ${format}`,
      { skip: skipMounts },
      async () => {
        await using work = temporaryFolder();
        makeTree(work.join("source"), 40);
        await using disk = await mountTmpfs(work.join("disk"), "size=9m");
        const args = [
          work.join("source"),
          work.join("disk"),
          "--name",
          "x",
          "--format",
          format,
          "--part-size",
          "1Mi",
        ];
        const full = expectExit(await longshore(["export", ...args]), 1);
        const sentence = expectOneSentence(full);
        assert.match(sentence, /full|space|room/i);
        assert.ok(sentence.includes(work.join("disk")), `"${sentence}" must name the destination`);
        const receipts = work.join("disk/x/receipts");
        // The one large file may fill the disk before the first receipt is there, and its folder with it.
        const kept = existsSync(receipts) ? readdirSync(receipts).length : 0;
        assert.ok(format === "files" || kept > 2, "what fitted must be kept");
        await disk.remount("size=200m");
        const report = await exportTree(args);
        assert.equal(report.parts.succeeded, report.parts.total);
        expectNoLeftovers(work.join("disk/x"));
        await expectVerified(work.join("disk/x"));
        await exportTree([work.join("source"), work.join("roomy"), ...args.slice(2)]);
        assert.deepEqual(contentOf(work.join("disk/x")), contentOf(work.join("roomy/x")));
      },
    );
  }

  test("that has no inodes left fails by name", { skip: skipMounts }, async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"), 8);
    await using disk = await mountTmpfs(work.join("disk"), "nr_inodes=14");
    const args = [work.join("source"), work.join("disk"), "--name", "x", "--part-size", "1Mi"];
    assert.ok(
      expectOneSentence(expectExit(await longshore(["export", ...args]), 1)).includes(work.join("disk")),
    );
    await disk.remount("nr_inodes=10000");
    await exportTree(args);
    await expectVerified(work.join("disk/x"));
  });

  test("that is read-only fails by name", { skip: skipMounts }, async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"), 1);
    await using disk = await mountTmpfs(work.join("disk"), "size=20m");
    await disk.remount("ro");
    const args = [work.join("source"), work.join("disk"), "--name", "x"];
    const sentence = expectOneSentence(expectExit(await longshore(["export", ...args]), 1));
    assert.match(sentence, /read-only|cannot be written/i);
    assert.ok(sentence.includes(work.join("disk")));
    await disk.remount("rw");
    await exportTree(args);
  });

  test("that becomes read-only is no obstacle to verify, ls and extract", { skip: skipMounts }, async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"), 1);
    await using disk = await mountTmpfs(work.join("disk"), "size=20m");
    await exportTree([work.join("source"), work.join("disk"), "--name", "x"]);
    await disk.remount("ro");
    await expectVerified(work.join("disk/x"));
    expectExit(await longshore(["ls", work.join("disk/x")]), 0);
    expectExit(await longshore(["extract", work.join("disk/x"), work.join("out")]), 0);
    const again = await longshore(["export", work.join("source"), work.join("disk"), "--name", "x"]);
    assert.ok(again.code === 0 || expectOneSentence(again).includes(work.join("disk")));
    await disk.remount("rw");
  });

  test("that disappears during the run fails by name", async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"), 200);
    const args = [work.join("source"), work.join("target"), "--name", "x", "--part-size", "1Mi"];
    const running = startLongshore(["export", ...args]);
    await until("the first receipt", () => existsSync(work.join("target/x/receipts/00000000.json")));
    renameSync(work.join("target"), work.join("elsewhere"));
    const sentence = expectOneSentence(expectExit(await running.done, 1));
    assert.ok(sentence.includes(work.join("target")), `"${sentence}" must name the destination`);
    if (existsSync(work.join("target"))) renameSync(work.join("target"), work.join("debris"));
    renameSync(work.join("elsewhere"), work.join("target"));
    await exportTree(args);
    await expectVerified(work.join("target/x"));
  });
});

suite("a person", () => {
  const asked: [signal: NodeJS.Signals, codes: number[]][] = [
    ["SIGINT", [130]],
    // Whoever stops a service looks at the state, not at the code: that of the shell's convention will do too.
    ["SIGTERM", [130, 143]],
  ];
  for (const [signal, codes] of asked) {
    test(`who sends ${signal} is obeyed within two seconds and can go on`, async () => {
      await using work = temporaryFolder();
      makeTree(work.join("source"), 300);
      const args = [work.join("source"), work.path, "--name", "x", "--part-size", "4Mi"];
      const running = startLongshore(["export", ...args]);
      await until("the first receipt", () => readReceipts(work.join("x")).length > 0);
      const since = performance.now();
      running.signal(signal);
      const result = await running.done;
      const took = performance.now() - since;
      expectExit(result, ...codes);
      assert.ok(took < 2000, `it took ${took} ms`);
      assert.match(expectOneSentence(result), /interrupted|stopped|continue/i);
      assert.ok(!existsSync(work.join("x/manifest.json")), "it was too fast to be interrupted");
      const kept = readReceipts(work.join("x")).length;
      const report = await exportTree(args);
      assert.ok(report.parts.total > kept);
      expectNoLeftovers(work.join("x"));
      await expectVerified(work.join("x"));
    });
  }
});

function readReceipts(location: string): string[] {
  return existsSync(`${location}/receipts`) ? readdirSync(`${location}/receipts`) : [];
}
