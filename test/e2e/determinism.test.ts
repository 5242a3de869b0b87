/** An export is decided by its source alone: not by when, where, or by how many workers it was packed. */
import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Receipt } from "../../src/domain/receipt.ts";
import { contentOf, expectVerified, exportTree, filesOf, partsOf } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { longshore, type TemporaryFolder, temporaryFolder, until } from "../fixtures/run.ts";
import { setTimes } from "../fixtures/set-times.ts";

const formats = ["tar.zst", "tar.gz", "tar", "zip", "files"];
const small = ["--part-size", "1Mi"];

function makeTree(source: string): void {
  for (const folder of ["a", "a/b", "c"]) mkdirSync(`${source}/${folder}`, { recursive: true });
  for (let index = 0; index < 400; index += 1)
    writeFileSync(`${source}/a/b/${index}`, mixedBytes(index * 50, `${index}`));
  for (let index = 0; index < 6; index += 1)
    writeFileSync(`${source}/c/${index}`, mixedBytes(700_000 + index, `c${index}`));
  writeFileSync(`${source}/big`, mixedBytes(7 * 1024 * 1024 + 1, "big"));
  symlinkSync("big", `${source}/link`);
  linkSync(`${source}/big`, `${source}/c/hard`);
}

/** A file changed less than two seconds before it was planned is never reused, and nobody can set a ctime: wait for it to age. */
async function untilAged(path: string): Promise<void> {
  await until(`${path} to be 2.1 s old`, () => Date.now() - lstatSync(path).ctimeMs > 2100, 10_000);
}

/** Exports as `first`; again where the machine took so long that the file was no more young, as the receipts then say. */
async function exportWhileYoung(work: TemporaryFolder): Promise<void> {
  const file = work.join("source/a/b/0");
  for (let tries = 1; ; tries++) {
    writeFileSync(file, "just now");
    // Between two seconds before and after it was planned counts as young: so it is for four seconds from now.
    const soon = new Date(Date.now() + 2000);
    utimesSync(file, soon, soon);
    await exportTree([work.join("source"), work.path, "--name", "first", ...small]);
    if (receiptsOf(work.join("first")).some(({ settled }) => !settled)) return;
    assert.ok(tries < 10, "no part was planned as one that may not be reused");
    rmSync(work.join("first"), { recursive: true });
  }
}

const receiptsOf = (location: string): Receipt[] =>
  filesOf(location)
    .filter((name) => name.startsWith("receipts/"))
    .map((name) => Receipt.parse(JSON.parse(readFileSync(join(location, name), "utf8"))));

suite("the same tree", () => {
  for (const format of formats) {
    test(`gives the same bytes with one worker and with four in ${format}`, async () => {
      await using work = temporaryFolder();
      makeTree(work.join("source"));
      const content = async (folder: string, workers: string): Promise<Record<string, string>> => {
        const args = [
          work.join("source"),
          work.join(folder),
          "--name",
          "x",
          "--format",
          format,
          "--workers",
          workers,
          ...small,
        ];
        const report = await exportTree(args);
        assert.equal(report.location, work.join(folder, "x"));
        return contentOf(report.location);
      };
      assert.deepEqual(await content("second", "4"), await content("first", "1"));
    });
  }

  test("gives other bytes after one byte of it changed", async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"));
    await exportTree([work.join("source"), work.path, "--name", "first", ...small]);
    writeFileSync(work.join("source/a/b/399"), mixedBytes(399 * 50, "other"));
    await exportTree([work.join("source"), work.path, "--name", "second", ...small]);
    const [first, second] = [contentOf(work.join("first")), contentOf(work.join("second"))];
    assert.notEqual(first["contentDigest"], second["contentDigest"]);
    const names = Object.keys(first).filter((name) => name.startsWith("parts/"));
    const kept = names.filter((name) => second[name] === first[name]);
    assert.ok(
      kept.length >= names.length - 2,
      "one file must not change more than its own part and the tail",
    );
  });
});

suite("--previous", () => {
  for (const format of formats) {
    test(`gives the same export of an unchanged tree, reusing every part, in ${format}`, async () => {
      await using work = temporaryFolder();
      const source = work.join("source");
      makeTree(source);
      await setTimes(source, [{ path: "a/b/1", ns: 1_500_000_000_123_456_789n }]);
      await untilAged(`${source}/a/b/1`);
      const args = ["--format", format, ...small];
      const first = await exportTree([source, work.path, "--name", "first", ...args]);
      assert.equal(first.parts.reused, 0);
      const again = await exportTree([
        source,
        work.path,
        "--name",
        "again",
        "--previous",
        work.join("first"),
        ...args,
      ]);
      // The tail is made anew: it depends on all the other parts. Loose files are copied, since a copy is all they ever were.
      if (format !== "files") assert.equal(again.parts.reused, first.parts.total - 1);
      assert.equal(again.bytes.redone, 0);
      assert.deepEqual(contentOf(work.join("again")), contentOf(work.join("first")));
      rmSync(work.join("first"), { recursive: true });
      await expectVerified(work.join("again"));
    });
  }

  test("packs again only what changed", async () => {
    await using work = temporaryFolder();
    const source = work.join("source");
    makeTree(source);
    writeFileSync(`${source}/c/3`, mixedBytes(700_003, "c3"));
    await untilAged(`${source}/c/3`);
    const first = await exportTree([source, work.path, "--name", "first", ...small]);
    writeFileSync(`${source}/c/3`, mixedBytes(700_003, "other"));
    const again = await exportTree([
      source,
      work.path,
      "--name",
      "again",
      "--previous",
      work.join("first"),
      ...small,
    ]);
    assert.ok(
      again.parts.reused >= first.parts.total - 3,
      `${again.parts.reused} of ${first.parts.total} parts were reused`,
    );
    await exportTree([source, work.path, "--name", "fresh", ...small]);
    assert.deepEqual(contentOf(work.join("again")), contentOf(work.join("fresh")));
  });

  test("does not reuse what was changed less than two seconds before it was planned", async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"));
    await exportWhileYoung(work);
    const previous = ["--previous", work.join("first")];
    const again = await exportTree([
      work.join("source"),
      work.path,
      "--name",
      "again",
      ...previous,
      ...small,
    ]);
    assert.ok(again.parts.reused < again.parts.total - 1);
    assert.deepEqual(contentOf(work.join("again")), contentOf(work.join("first")));
  });

  test("never takes over a damaged part", async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"));
    await untilAged(work.join("source/c/hard"));
    await exportTree([work.join("source"), work.path, "--name", "first", ...small]);
    const undamaged = contentOf(work.join("first"));
    const part = partsOf(work.join("first"))[2] ?? assert.fail("too few parts");
    writeFileSync(part, Buffer.alloc(statSync(part).size));
    await exportTree([
      work.join("source"),
      work.path,
      "--name",
      "again",
      "--previous",
      work.join("first"),
      ...small,
    ]);
    assert.deepEqual(contentOf(work.join("again")), undamaged);
    await expectVerified(work.join("again"));
  });
});

test("asking for a finished export again changes no file", async () => {
  await using work = temporaryFolder();
  makeTree(work.join("source"));
  const args = ["export", work.join("source"), work.path, "--name", "x", ...small];
  assert.equal((await longshore(args)).code, 0);
  const times = (): [string, bigint, bigint][] =>
    filesOf(work.join("x")).map((name) => {
      const { mtimeNs, ino } = statSync(work.join("x", name), { bigint: true });
      return [name, mtimeNs, ino];
    });
  const before = times();
  // Even a source that has changed since is none of a finished export's business.
  writeFileSync(work.join("source/new"), "new");
  const again = await longshore([...args, "--json"]);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(times(), before);
  const plain = await longshore(args);
  assert.match(
    `${plain.stdout.toString()}${plain.stderr}`,
    /already|finished|nothing/i,
    "it must say that there was nothing to do",
  );
  assert.ok(!existsSync(work.join("x/attempts")));
});
