/** No byte of a finished export may change, no file may be cut short or go missing, without `verify` saying so. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { expectDamage, flip, provenFilesOf, randomFlip, remove, truncate } from "../fixtures/damage.ts";
import { contentOf, expectVerified, exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seedOfRun, seededRandom } from "../fixtures/random.ts";
import { expectExit, run, temporaryFolder } from "../fixtures/run.ts";

const flips = Number(process.env["LONGSHORE_TEST_FLIPS"] ?? 2000);

async function makeTree(source: string): Promise<void> {
  mkdirSync(`${source}/folder`, { recursive: true });
  writeFileSync(`${source}/big`, mixedBytes(150_000, "big"));
  for (let index = 0; index < 12; index += 1)
    writeFileSync(`${source}/folder/${index}`, mixedBytes(index * 300, `${index}`));
  // A socket is a difference, so that differences.jsonl is among the files too.
  const bind = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
  expectExit(await run("python3", ["-c", bind, `${source}/socket`]), 0);
}

suite("a tiny export", () => {
  for (const format of ["tar.zst", "tar.gz", "tar", "zip", "files"]) {
    const share = format === "tar.zst" ? 0.6 : 0.1;
    test(`in ${format} with ${Math.ceil(flips * share)} flipped bytes, one at a time`, async () => {
      await using work = temporaryFolder();
      await makeTree(work.join("source"));
      const args = ["--name", "x", "--format", format, "--part-size", "64Ki"];
      await exportTree([work.join("source"), work.path, ...args], [3]);
      const location = work.join("x");
      assert.ok(provenFilesOf(location).includes("differences.jsonl"));
      // Every process has a copy of its own, so that two can be damaged at a time.
      const copies = [work.join("copy 1"), work.join("copy 2")];
      for (const copy of copies) cpSync(location, copy, { recursive: true });
      const random = seededRandom(seedOfRun());
      let left = Math.ceil(flips * share);
      await Promise.all(
        copies.map(async (copy) => {
          while (left > 0) {
            left -= 1;
            const damage = randomFlip(copy, random);
            flip(copy, damage);
            await expectDamage(copy, `byte ${damage.offset} of ${damage.name} xor ${damage.mask}`);
            flip(copy, damage);
          }
        }),
      );
      for (const copy of copies) {
        await expectVerified(copy);
        assert.deepEqual(contentOf(copy), contentOf(location));
      }
    });

    test(`in ${format} with every file cut short or missing`, async () => {
      await using work = temporaryFolder();
      await makeTree(work.join("source"));
      await exportTree(
        [work.join("source"), work.path, "--name", "x", "--format", format, "--part-size", "64Ki"],
        [3],
      );
      const location = work.join("x");
      for (const name of provenFilesOf(location)) {
        const restore = remove(location, name);
        await expectDamage(location, `missing ${name}`);
        restore();
        if (statSync(`${location}/${name}`).size === 0) continue;
        const lengthen = truncate(location, name);
        await expectDamage(location, `${name} cut short`);
        lengthen();
      }
      await expectVerified(location);
    });

    test(`in ${format} is mended by --repair`, async () => {
      await using work = temporaryFolder();
      await makeTree(work.join("source"));
      const args = [work.join("source"), work.path, "--name", "x", "--format", format, "--part-size", "64Ki"];
      await exportTree(args, [3]);
      const whole = contentOf(work.join("x"));
      const random = seededRandom(seedOfRun() + 1);
      for (let count = 0; count < 12; count += 1) {
        const damage = randomFlip(work.join("x"), random);
        flip(work.join("x"), damage);
        await exportTree([...args, "--repair"], [3]);
        await expectVerified(work.join("x"));
        assert.deepEqual(contentOf(work.join("x")), whole, `byte ${damage.offset} of ${damage.name}`);
      }
    });
  }
});
