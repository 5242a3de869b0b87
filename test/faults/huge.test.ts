/** Sizes that no longer fit the octal digits of tar (8 GiB) and the 32 bits of zip (4 GiB). */
import assert from "node:assert/strict";
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { suite, test } from "node:test";
import { expectVerified, exportTree } from "../fixtures/exports.ts";
import { expectSilent } from "../fixtures/readers.ts";
import { expectExit, longshore, missingProgram, shell, temporaryFolder } from "../fixtures/run.ts";

const gibibyte = 1024 ** 3;

/** Takes no room on the disk; its last bytes are data, so that whoever loses count anywhere loses them. */
function makeSparse(path: string, size: number): void {
  const fd = openSync(path, "w");
  ftruncateSync(fd, size);
  writeSync(fd, "beginning", 0);
  writeSync(fd, "the very end", size - 12);
  closeSync(fd);
}

suite("a file of more than 8 GiB", () => {
  const size = 8 * gibibyte + 5;

  test("comes back from tar.zst", { skip: missingProgram("zstd") }, async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    makeSparse(work.join("source/huge"), size);
    writeFileSync(work.join("source/next"), "after the huge one");
    const report = await exportTree([work.join("source"), work.path, "--name", "x", "--level", "1"]);
    assert.equal(report.bytes.source, size + 18);
    await expectVerified(work.join("x"));
    const listed = await shell("cat parts/* | zstd -dcq | tar -tv", [], {
      cwd: work.join("x"),
      timeoutMs: 300_000,
    });
    expectSilent(listed);
    assert.match(listed.stdout.toString(), new RegExp(`\\b${size}\\b.* huge\\n.* next\\n`));
    const end = await shell("cat parts/* | zstd -dcq | tar -xO huge | tail -c 12", [], {
      cwd: work.join("x"),
      timeoutMs: 300_000,
    });
    assert.equal(end.stdout.toString(), "the very end");
    expectExit(await longshore(["extract", work.join("x"), work.join("out"), "next"]), 0);
  });

  test("comes back from zip", { skip: missingProgram("unzip") }, async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    makeSparse(work.join("source/huge"), size);
    writeFileSync(work.join("source/next"), "after the huge one");
    await exportTree([work.join("source"), work.path, "--name", "x", "--format", "zip", "--level", "1"]);
    await expectVerified(work.join("x"));
    expectExit(await longshore(["download", work.join("x"), "-o", work.join("x.zip")]), 0);
    expectSilent(await shell('unzip -qt "$1"', [work.join("x.zip")], { timeoutMs: 300_000 }));
    const end = await shell('unzip -p "$1" huge | tail -c 12', [work.join("x.zip")], { timeoutMs: 300_000 });
    assert.equal(end.stdout.toString(), "the very end");
  });
});
