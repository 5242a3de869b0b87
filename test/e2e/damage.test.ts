/** A short version of test/faults/flips.test.ts: no damage goes unnoticed, and what the source still has is mended. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import {
  expectDamage,
  extend,
  flip,
  provenFilesOf,
  randomFlip,
  remove,
  truncate,
} from "../fixtures/damage.ts";
import { contentOf, expectVerified, exportTree, partsOf } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seedOfRun, seededRandom } from "../fixtures/random.ts";
import { expectExit, longshore, temporaryFolder } from "../fixtures/run.ts";
import type { Result, TemporaryFolder } from "../fixtures/run.ts";
import { assertSameTree, listTree } from "../fixtures/tree-listing.ts";
import type { TreeOptions } from "../fixtures/tree-listing.ts";

const options = ["--name", "x", "--part-size", "256Ki"];

function makeTree(source: string): void {
  mkdirSync(`${source}/folder`, { recursive: true });
  writeFileSync(`${source}/folder/big`, mixedBytes(1_200_000, "big"));
  for (let index = 0; index < 30; index += 1)
    writeFileSync(`${source}/${index}`, mixedBytes(index * 700, `${index}`));
}

suite("a damaged export", () => {
  let folder: TemporaryFolder;
  let location = "";
  before(async () => {
    folder = temporaryFolder();
    makeTree(folder.join("source"));
    await exportTree([folder.join("source"), folder.path, ...options]);
    location = folder.join("x");
  });
  after(() => folder[Symbol.asyncDispose]());

  test("is noticed wherever one byte was flipped", async () => {
    const random = seededRandom(seedOfRun());
    for (let count = 0; count < 60; count += 1) {
      const damage = randomFlip(location, random);
      flip(location, damage);
      try {
        await expectDamage(location, `byte ${damage.offset} of ${damage.name} xor ${damage.mask}`);
      } finally {
        flip(location, damage);
      }
    }
    await expectVerified(location);
  });

  const ways: [name: string, damage: (location: string, name: string) => () => void][] = [
    ["cut short by one byte", truncate],
    ["missing", remove],
    ["one byte longer", extend],
  ];
  for (const [name, damage] of ways) {
    test(`is noticed and named whichever file is ${name}`, async () => {
      for (const file of provenFilesOf(location)) {
        const undo = damage(location, file);
        try {
          const said = await expectDamage(location, `${file} ${name}`);
          const number = /^(?:parts|receipts|plan)\/0*(\d+)/.exec(file)?.[1];
          if (number !== undefined) assert.match(said, new RegExp(number), `${file} must be named`);
        } finally {
          undo();
        }
      }
      await expectVerified(location);
    });
  }

  test("is noticed when a stranger's file lies in it", async () => {
    writeFileSync(join(location, "parts/stranger"), "x");
    await expectDamage(location, "an unlisted file");
    expectExit(await longshore(["verify", location]), 1);
  });
});

suite("--repair", () => {
  const mended: [name: string, file: (location: string) => string][] = [
    ["a part", (location) => partsOf(location)[1]!.slice(location.length + 1)],
    [
      "the tail part",
      (location) =>
        partsOf(location)
          .at(-1)!
          .slice(location.length + 1),
    ],
    ["the index", () => "index.jsonl.zst"],
    ["the index's pages", () => "index.pages.json"],
    ["a receipt", () => "receipts/00000001.json"],
    ["SHA256SUMS", () => "SHA256SUMS"],
    ["the plan", () => "plan.json"],
    ["the manifest", () => "manifest.json"],
  ];
  for (const [name, file] of mended) {
    for (const way of ["flipped", "missing"]) {
      test(`mends ${name} that is ${way}`, async () => {
        await using work = temporaryFolder();
        makeTree(work.join("source"));
        const args = [work.join("source"), work.path, ...options];
        await exportTree(args);
        const location = work.join("x");
        const whole = contentOf(location);
        if (way === "missing") remove(location, file(location));
        else flip(location, { name: file(location), offset: 5, mask: 1 });
        expectExit(await longshore(["verify", location]), 1);
        await exportTree([...args, "--repair"]);
        await expectVerified(location);
        assert.deepEqual(contentOf(location), whole);
      });
    }
  }

  test("changes nothing of a sound export", async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"));
    const args = [work.join("source"), work.path, ...options];
    await exportTree(args);
    const whole = contentOf(work.join("x"));
    await exportTree([...args, "--repair"]);
    assert.deepEqual(contentOf(work.join("x")), whole);
  });

  test("names the entries that the source no longer has, and fails", async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"));
    const args = [work.join("source"), work.path, ...options];
    await exportTree(args);
    writeFileSync(work.join("source/folder/big"), mixedBytes(1_200_000, "other"));
    const parts = partsOf(work.join("x"));
    const inside = parts[Math.floor(parts.length / 2)]!.slice(work.join("x").length + 1);
    flip(work.join("x"), { name: inside, offset: 100, mask: 255 });
    const result = expectExit(await longshore(["export", ...args, "--repair"]), 1);
    assert.match(lastLine(result), /folder\/big/);
    expectExit(await longshore(["verify", work.join("x")]), 1);
  });

  test("is what is left to those who meet damaged bytes in extract and download", async () => {
    await using work = temporaryFolder();
    makeTree(work.join("source"));
    await exportTree([work.join("source"), work.path, ...options]);
    const part = partsOf(work.join("x"))[1]!.slice(work.join("x").length + 1);
    flip(work.join("x"), { name: part, offset: 1000, mask: 16 });

    const extracted = expectExit(await longshore(["extract", work.join("x"), work.join("out")]), 1);
    assert.match(extracted.stderr, /folder\/big/);
    assert.match(lastLine(extracted), /--repair/);
    const without: TreeOptions = { times: "none", leaveOut: (path) => path === "folder/big" };
    assertSameTree(
      listTree(work.join("source"), without),
      listTree(work.join("out"), { times: "none" }),
      "what is not damaged",
    );

    const downloaded = expectExit(await longshore(["download", work.join("x"), "-o", work.join("file")]), 1);
    assert.match(lastLine(downloaded), /\b0*1\b.*--repair/);
    assert.ok(
      !existsSync(work.join("file")),
      "a damaged archive must not stand under the name of a whole one",
    );
  });
});

/** Work on many entries may report each on a line of its own; the last line is the sentence about the whole. */
function lastLine(result: Result): string {
  const line = result.stderr.trimEnd().split("\n").at(-1) ?? "";
  assert.match(line, /^longshore: \S+ \S+/);
  return line;
}
