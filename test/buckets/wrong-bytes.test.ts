/** A line that changes bits of what stores answer: whoever reads says so, and no export is made of what was read wrong. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { freshPrefix } from "../fixtures/buckets.ts";
import { digestOf, exportTree } from "../fixtures/exports.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import { expectExit, expectOneSentence, longshore, temporaryFolder } from "../fixtures/run.ts";
import { assertSameTree, listTree } from "../fixtures/tree-listing.ts";
import { startFaultProxy } from "../servers/fault-proxy.ts";
import { type ExportOverLine, exportOverLine } from "./export-over-line.ts";
import { expectSame, leftOvers, storeKinds } from "./stores.ts";

const asStored = { times: "microseconds", directoryTimes: false } as const;
/** How damage is told. */
const found = /damaged|is no JSON|(?:is|are) not (?:as|what)|other bytes/;

for (const kind of storeKinds) {
  suite(`bits that change on their way from ${kind.server}`, { skip: kind.missing(), concurrency: 2 }, () => {
    let at: ExportOverLine;
    before(async () => {
      at = await exportOverLine(kind, 12);
    });
    after(() => at?.[Symbol.asyncDispose]());

    const flipping = (isFlipped: () => boolean) =>
      startFaultProxy(at.store.origin, (request) =>
        kind.operationOf(request) === kind.reading && isFlipped()
          ? { how: "pass", flip: "answer" }
          : { how: "pass" },
      );

    for (const command of ["verify", "download", "extract"])
      test(`are found by ${command}, or mended`, async (t) => {
        const { store, source, prefix, undisturbed } = at;
        const codes: (number | null)[] = [];
        /** Changes the answer of this number, and says how many there were. */
        const read = async (nth: number): Promise<number> => {
          let answers = 0;
          await using proxy = await flipping(() => ++answers === nth);
          await using work = temporaryFolder();
          const target = work.join("target");
          const rest = { verify: [], download: ["-o", target], extract: [target] }[command] ?? [];
          const location = store.location(`${prefix}/x`, proxy.origin);
          const result = await longshore([command, location, ...rest], { env: store.env(proxy.origin) });
          codes.push(expectExit(result, 0, 1).code);
          if (result.code === 1) assert.match(result.stderr, found);
          else if (command === "download") assert.equal(digestOf(target), undisturbed.archive);
          else if (command === "extract")
            assertSameTree(listTree(source, asStored), listTree(target, asStored), `answer ${nth}`);
          return answers;
        };
        const answers = await read(0);
        assert.deepEqual(codes, [0]);
        // Some of them, the first and the last among these.
        const step = Math.max(1, Math.floor((answers - 1) / 4));
        for (let nth = 1; nth <= answers; nth += step) await read(nth);
        t.diagnostic(`exit codes ${codes.join(" ")}`);
        assert.ok(codes.length > 1);
      });

    for (let seed = 0; seed < 4; seed++)
      test(`make no export wrong (${seed})`, async (t) => {
        const { store, undisturbed, argsFor } = at;
        const place = freshPrefix();
        const random = seededRandom(seedOfRun() + seed);
        let flips = 0;
        await using proxy = await flipping(() => random() < 0.15 && ++flips > 0);
        const args = argsFor(store.location(place, proxy.origin));
        const result = await longshore(["export", ...args], { env: store.env(proxy.origin) });
        t.diagnostic(`${flips} answers changed: ${result.code} ${result.stderr}`);
        expectExit(result, 0, 1);
        if (result.code === 1) {
          expectOneSentence(result);
          await exportTree(argsFor(store.location(place)), [0], { env: store.env() });
        }
        await expectSame(store, `${place}/x`, undisturbed);
        assert.deepEqual(await leftOvers(store, place), []);
      });
  });
}
