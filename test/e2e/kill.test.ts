/** A short version of test/faults/kill.test.ts: an export that is killed and run again ends as if nothing had happened. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { contentOf, expectNoLeftovers, expectVerified, exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, longshore, temporaryFolder } from "../fixtures/run.ts";
import { seedOfRun, seededRandom } from "../fixtures/random.ts";
import { exportUnderFire, killWhenThereIs } from "../fixtures/under-fire.ts";

function makeTree(source: string): void {
  mkdirSync(source);
  writeFileSync(`${source}/big`, mixedBytes(40 * 1024 * 1024, "big"));
  for (let index = 0; index < 1500; index += 1)
    writeFileSync(`${source}/${index}`, mixedBytes(index * 20, `${index}`));
}

suite("an export killed by SIGKILL", () => {
  test("at ten random instants is resumed to the same bytes", async () => {
    await using work = temporaryFolder();
    const source = work.join("source");
    makeTree(source);
    const args = ["--name", "x", "--part-size", "2Mi", "--workers", "2"];
    const undisturbed = await exportTree([source, work.join("undisturbed"), ...args]);
    const random = seededRandom(seedOfRun());
    let left = 10;
    while (left > 0) {
      const { kills } = await exportUnderFire([source, work.join("killed"), ...args], {
        random,
        kills: left,
        spanMs: undisturbed.seconds * 1000 + 100,
      });
      left -= kills;
      expectNoLeftovers(work.join("killed/x"));
      await expectVerified(work.join("killed/x"));
      assert.deepEqual(contentOf(work.join("killed/x")), contentOf(work.join("undisturbed/x")));
      rmSync(work.join("killed"), { recursive: true });
    }
  });

  const moments = [
    "plan.json",
    "receipts/00000000.json",
    "receipts/00000003.json",
    "index.jsonl.zst",
    "index.pages.json",
    "SHA256SUMS",
    "manifest.json",
  ];
  for (const moment of moments) {
    test(`when ${moment} has just been written is resumed to the same bytes`, async () => {
      await using work = temporaryFolder();
      const source = work.join("source");
      makeTree(source);
      const args = ["--name", "x", "--part-size", "2Mi"];
      await exportTree([source, work.join("undisturbed"), ...args]);
      const killed = [source, work.join("killed"), ...args];
      const inTime = await killWhenThereIs(work.join("killed/x", moment), killed);
      // The last files are written within a millisecond of the end, which a kill may miss.
      assert.ok(inTime || /^(?:index|SHA|manifest)/.test(moment), `nothing was killed at ${moment}`);
      expectExit(await longshore(["export", ...killed]), 0);
      expectNoLeftovers(work.join("killed/x"));
      await expectVerified(work.join("killed/x"));
      assert.deepEqual(contentOf(work.join("killed/x")), contentOf(work.join("undisturbed/x")));
    });
  }

  test("is not taken for a finished one", async () => {
    await using work = temporaryFolder();
    const source = work.join("source");
    makeTree(source);
    const args = [source, work.path, "--name", "x", "--part-size", "2Mi"];
    assert.ok(await killWhenThereIs(work.join("x/receipts/00000003.json"), args));
    for (const command of [
      ["verify"],
      ["ls"],
      ["extract", work.join("out")],
      ["download", "-o", work.join("out")],
    ]) {
      const [verb = "", ...rest] = command;
      const refused = expectExit(await longshore([verb, work.join("x"), ...rest]), 1);
      assert.match(refused.stderr, /not finished|unfinished|not complete|incomplete|continues/i);
    }
    // Going on with other options would mix two exports.
    expectExit(await longshore(["export", ...args, "--level", "1"]), 1, 2);
    expectExit(await longshore(["export", ...args]), 0);
  });
});
