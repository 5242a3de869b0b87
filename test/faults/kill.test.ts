/** An export may die at any instant, any number of times: what comes out in the end is the same, and little is done twice. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { contentOf, expectNoLeftovers, expectVerified, exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seedOfRun, seededRandom } from "../fixtures/random.ts";
import { temporaryFolder } from "../fixtures/run.ts";
import { exportUnderFire } from "../fixtures/under-fire.ts";

const mebibyte = 1024 * 1024;
const workers = 2;

/** Both kinds of work: files so large that they are split, and so many small ones that a part holds hundreds. */
function makeTree(source: string): void {
  mkdirSync(`${source}/small`, { recursive: true });
  for (const size of [90, 60, 33])
    writeFileSync(`${source}/large ${size}`, mixedBytes(size * mebibyte, `${size}`));
  for (let index = 0; index < 60; index += 1) {
    mkdirSync(`${source}/small/${index}`);
    for (let name = 0; name < 100; name += 1) {
      writeFileSync(
        `${source}/small/${index}/${name}`,
        mixedBytes((index * 100 + name) * 3, `${index}.${name}`),
      );
    }
  }
}

suite("an export killed by SIGKILL at random instants", () => {
  const kills = Number(process.env["LONGSHORE_TEST_KILLS"] ?? 120);
  // A part is at most two part sizes, and a little for headers, unless it is one loose file.
  const formats: [format: string, share: number, largestPart: number][] = [
    ["tar.zst", 0.5, 9 * mebibyte],
    ["tar", 0.2, 9 * mebibyte],
    ["zip", 0.15, 9 * mebibyte],
    ["files", 0.15, 91 * mebibyte],
  ];
  for (const [format, share, largestPart] of formats) {
    test(`${Math.ceil(kills * share)} times is resumed to the same bytes in ${format}`, async (t) => {
      await using work = temporaryFolder();
      const source = work.join("source");
      makeTree(source);
      const args = ["--name", "x", "--format", format, "--part-size", "4Mi", "--workers", String(workers)];
      const undisturbed = await exportTree([source, work.join("undisturbed"), ...args]);
      const content = contentOf(work.join("undisturbed/x"));
      const random = seededRandom(seedOfRun());
      let [left, redone, exports] = [Math.ceil(kills * share), 0, 0];
      while (left > 0) {
        const survived = await exportUnderFire([source, work.join("killed"), ...args], {
          random,
          kills: left,
          spanMs: undisturbed.seconds * 1000 + 150,
        });
        const { report } = survived;
        left -= survived.kills;
        redone += report.bytes.redone;
        exports += 1;
        const most = survived.kills * workers * largestPart;
        assert.ok(
          report.bytes.redone <= most,
          `${report.bytes.redone} bytes were done again, at most ${most} may`,
        );
        assert.equal(report.parts.succeeded, undisturbed.parts.total);
        assert.equal(report.bytes.source, undisturbed.bytes.source);
        expectNoLeftovers(work.join("killed/x"));
        await expectVerified(work.join("killed/x"));
        assert.deepEqual(contentOf(work.join("killed/x")), content, `seed ${seedOfRun()}, export ${exports}`);
        rmSync(work.join("killed"), { recursive: true });
      }
      t.diagnostic(`${exports} exports, ${redone} bytes done again`);
    });
  }
});
