/** A 2 GiB export over a line that cuts, truncates, stalls and flips: whoever downloads it ends with the right bytes. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type BadLineOptions, startBadLine } from "../fixtures/bad-line.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { seedOfRun } from "../fixtures/random.ts";
import { expectExit, longshore, missingProgram, shell, temporaryFolder } from "../fixtures/run.ts";
import {
  createExport,
  grantUrl,
  reasonOf,
  type RunningServer,
  startServer,
  untilEnded,
} from "../fixtures/server.ts";

const mebibyte = 1024 * 1024;

/** Tools that can't tell a wrong byte get a line that only cuts. */
const others: readonly (readonly [program: string, script: string])[] = [
  ["curl", 'until curl -sSf -C - -o "$2" "$1" 2>> "$2.log"; do [ "$(wc -l < "$2.log")" -lt 5000 ]; done'],
  ["wget", 'wget -q -c --tries=5000 --waitretry=0 -O "$2" "$1"'],
  [
    "aria2c",
    'aria2c -q -x8 -s8 -k1M --max-tries=5000 --retry-wait=0 -d "$(dirname "$2")" -o "$(basename "$2")" "$1"',
  ],
];

suite("a 2 GiB export over a bad line", { timeout: 1_800_000 }, () => {
  const work = temporaryFolder();
  let server: RunningServer;
  let url = "";
  let expected = "";

  before(async () => {
    const source = work.join("allowed/source");
    mkdirSync(source, { recursive: true });
    for (let i = 0; i < 8; i++) writeFileSync(join(source, `file-${i}`), mixedBytes(256 * mebibyte, `${i}`));
    server = await startServer({ folder: work.path, allow: [work.join("allowed")] });
    await createExport(server, "large", {
      source: { directory: { path: source } },
      destination: { directory: { path: work.join("allowed/handover") } },
      format: "Tar",
    });
    assert.equal(reasonOf(await untilEnded(server, "large")), "Completed");
    url = await grantUrl(server, "large");
    const sum = await shell('cat "$1"/parts/* | sha256sum', [work.join("allowed/handover/default/large")]);
    expected = expectExit(sum, 0).stdout.toString();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await work[Symbol.asyncDispose]();
  });

  const line = (faults: BadLineOptions["faults"]): BadLineOptions => ({
    target: server.url,
    seed: seedOfRun(),
    faults,
    everyBytes: 5 * mebibyte,
  });
  const expectSame = async (file: string): Promise<void> => {
    const sum = expectExit(await shell('sha256sum < "$1"', [file]), 0);
    assert.equal(sum.stdout.toString(), expected);
    rmSync(file);
  };

  test("longshore download, with every fault", async (t) => {
    await using proxy = await startBadLine(line({ cut: 200, truncate: 60, flip: 60, stall: 6 }));
    const file = work.join("by-longshore");
    const args = ["download", proxy.through(url), "-o", file, "--connections", "8", "--timeout", "2"];
    expectExit(await longshore(args, { timeoutMs: 900_000 }), 0);
    await expectSame(file);
    t.diagnostic(`${JSON.stringify(proxy.happened)}, ${proxy.bytesSent()} bytes sent`);
    assert.ok(proxy.happened.flip > 0 && proxy.happened.truncate > 0 && proxy.happened.stall > 0);
  });

  for (const [program, script] of others) {
    test(`${program}, where bytes are cut`, { skip: missingProgram(program) }, async (t) => {
      await using proxy = await startBadLine(line({ cut: 1000 }));
      const file = work.join(`by-${program}`);
      expectExit(await shell(script, [proxy.through(url), file], { timeoutMs: 900_000 }), 0);
      await expectSame(file);
      t.diagnostic(`${proxy.happened.cut} cuts, ${proxy.bytesSent()} bytes sent`);
      assert.ok(proxy.happened.cut > 100);
    });
  }
});
