/** An export may die at any instant, any number of times: what comes out in the end is the same, and little is done twice. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { contentOf, expectNoLeftovers, expectVerified, exportTree, partsOf } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seedOfRun, seededRandom } from "../fixtures/random.ts";
import { expectExit, shell, temporaryFolder } from "../fixtures/run.ts";
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

/** The largest part as it was planned, before compression: what one worker may at most have to do again after one kill. */
async function largestPart(location: string, unpack: string): Promise<number> {
  const script = `for part in "$@"; do ${unpack} < "$part" | wc -c; done | sort -n | tail -1`;
  return Number(expectExit(await shell(script, partsOf(location)), 0).stdout.toString());
}

suite("an export killed by SIGKILL at random instants", () => {
  const kills = Number(process.env["LONGSHORE_TEST_KILLS"] ?? 120);
  const formats: [format: string, share: number, unpack: string | undefined][] = [
    ["tar.zst", 0.5, "zstd -dcq"],
    ["tar", 0.2, "cat"],
    ["zip", 0.15, undefined],
    ["files", 0.15, undefined],
  ];
  for (const [format, share, unpack] of formats) {
    test(`${Math.ceil(kills * share)} times is resumed to the same bytes in ${format}`, async (t) => {
      await using work = temporaryFolder();
      const source = work.join("source");
      makeTree(source);
      const args = ["--name", "x", "--format", format, "--part-size", "4Mi", "--workers", String(workers)];
      const undisturbed = await exportTree([source, work.join("undisturbed"), ...args]);
      const content = contentOf(work.join("undisturbed/x"));
      const largest =
        unpack === undefined ? undefined : await largestPart(work.join("undisturbed/x"), unpack);
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
        if (largest !== undefined) {
          const most = survived.kills * workers * largest;
          assert.ok(
            report.bytes.redone <= most,
            `${report.bytes.redone} bytes were done again, at most ${most} may`,
          );
        }
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
