/** Exports over bad lines to real stores: each ends right, or fails with the store's own reason; none only seems to succeed. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { freshPrefix } from "../fixtures/buckets.ts";
import { exportTree } from "../fixtures/exports.ts";
import { seededRandom, seedOfRun } from "../fixtures/random.ts";
import { expectExit, expectOneSentence, longshore } from "../fixtures/run.ts";
import { startFaultProxy, type Treatment } from "../servers/fault-proxy.ts";
import { type ExportOverLine, exportOverLine } from "./export-over-line.ts";
import { expectSame, leftOvers, storeKinds } from "./stores.ts";
import { faultsOf } from "./store-faults.ts";

/** Times that one call is made at most. */
const attempts = 10;
const mostOfOne = (requests: readonly string[]): number =>
  Math.max(
    ...Map.groupBy(requests, (request) => request)
      .values()
      .map(({ length }) => length),
  );

const pass: Treatment = { how: "pass" };

for (const kind of storeKinds) {
  suite(`over a bad line to ${kind.server}`, { skip: kind.missing(), concurrency: 3 }, () => {
    let at: ExportOverLine;
    before(async () => {
      at = await exportOverLine(kind, 28);
    });
    after(() => at?.[Symbol.asyncDispose]());

    for (const fault of faultsOf(kind))
      test(fault.what, async (t) => {
        const { store, undisturbed, argsFor } = at;
        const prefix = freshPrefix();
        const line = fault.line(seededRandom(seedOfRun()));
        let happened = 0;
        await using proxy = await startFaultProxy(store.origin, (request) => {
          const treatment = line(kind.operationOf(request), request) ?? pass;
          if (treatment !== pass) happened++;
          return treatment;
        });
        const location = store.location(prefix, proxy.origin);
        const result = await longshore(["export", ...argsFor(location), "--json"], {
          env: store.env(proxy.origin),
          timeoutMs: 200_000,
        });
        t.diagnostic(`${happened} of ${proxy.requests.length} requests`);
        assert.ok(happened > 0, "nothing went wrong");
        if (fault.says === undefined) expectExit(result, 0);
        else {
          assert.match(expectOneSentence(expectExit(result, 1)), fault.says);
          assert.ok(mostOfOne(proxy.requests) <= attempts, "it was asked again in two places");
          await exportTree(argsFor(store.location(prefix)), [0], { env: store.env() });
        }
        await expectSame(store, `${prefix}/x`, undisturbed);
        assert.deepEqual(await leftOvers(store, prefix), []);
      });
  });
}
