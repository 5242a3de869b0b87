/** A short version of test/faults/kill.test.ts: an export that is killed and run again ends as if nothing had happened. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { contentOf, expectNoLeftovers, expectVerified, exportTree } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, expectOneSentence, longshore, temporaryFolder } from "../fixtures/run.ts";
import { seedOfRun, seededRandom } from "../fixtures/random.ts";
import { exportUnderFire, killWhenThereIs } from "../fixtures/under-fire.ts";

function makeTree(source: string): void {
  mkdirSync(source);
  writeFileSync(`${source}/big`, mixedBytes(40 * 1024 * 1024, "big"));
  for (let index = 0; index < 1500; index += 1)
    writeFileSync(`${source}/${index}`, mixedBytes(index * 20, `${index}`));
}

suite("an export killed by SIGKILL", () => {
  const folder = temporaryFolder();
  const source = folder.join("source");
  const options = ["--name", "x", "--part-size", "2Mi", "--workers", "2"];
  let content: Record<string, string> = {};
  let seconds = 0;

  before(async () => {
    makeTree(source);
    ({ seconds } = await exportTree([source, folder.path, ...options]));
    content = contentOf(folder.join("x"));
  });
  after(() => folder[Symbol.asyncDispose]());

  async function expectUndisturbed(location: string): Promise<void> {
    expectNoLeftovers(location);
    await expectVerified(location);
    assert.deepEqual(contentOf(location), content);
  }

  test("at ten random instants is resumed to the same bytes", async () => {
    const random = seededRandom(seedOfRun());
    let left = 10;
    while (left > 0) {
      await using work = temporaryFolder();
      const fire = { random, kills: left, spanMs: seconds * 1000 + 100 };
      const { kills } = await exportUnderFire([source, work.path, ...options], fire);
      left -= kills;
      await expectUndisturbed(work.join("x"));
    }
  });

  const moments: [file: string, always: boolean][] = [
    ["plan.json", true],
    ["receipts/00000000.json", true],
    ["receipts/00000003.json", true],
    // The last files are written within a few milliseconds of the end, which a kill may miss.
    ["index.jsonl.zst", false],
    ["index.pages.json", false],
    ["SHA256SUMS", false],
    ["manifest.json", false],
  ];
  for (const [moment, always] of moments) {
    test(`when ${moment} has just been written is resumed to the same bytes`, async (t) => {
      await using work = temporaryFolder();
      const args = [source, work.path, ...options];
      const inTime = await killWhenThereIs(work.join("x", moment), args);
      assert.ok(inTime || !always, `nothing was killed at ${moment}`);
      if (!inTime) t.diagnostic(`the export had ended before it could be killed at ${moment}`);
      expectExit(await longshore(["export", ...args]), 0);
      await expectUndisturbed(work.join("x"));
    });
  }

  test("is not taken for a finished one", async () => {
    await using work = temporaryFolder();
    const args = [source, work.path, ...options];
    assert.ok(await killWhenThereIs(work.join("x/receipts/00000003.json"), args));
    for (const command of [
      ["verify"],
      ["ls"],
      ["extract", work.join("out")],
      ["download", "-o", work.join("out")],
    ]) {
      const [verb = "", ...rest] = command;
      const refused = expectExit(await longshore([verb, work.join("x"), ...rest]), 1);
      assert.match(expectOneSentence(refused), /not finished|unfinished|not complete|incomplete|continues/i);
    }
    // Going on with other options would mix two exports.
    expectOneSentence(expectExit(await longshore(["export", ...args, "--level", "1"]), 1, 2));
    expectExit(await longshore(["export", ...args]), 0);
  });
});
