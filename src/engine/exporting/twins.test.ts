/** Two processes that finish the same export at once, which no lock keeps apart: as in a bucket. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exportInMemory } from "../../../test/fixtures/export-in-memory.ts";
import { madeUpSource } from "../../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { optionsOf } from "../../../test/fixtures/packing.ts";
import { formatNames } from "../../domain/export-options.ts";
import { receiptName } from "../../domain/part.ts";
import { verifyExport } from "../verify/verify-export.ts";
import { runExport } from "./run-export.ts";
import { packShare, planExport } from "./stages.ts";

const { signal } = new AbortController();
const source = madeUpSource(
  Array.from({ length: 40 }, (_, i) => ({ path: `small/${i}`, content: mixedBytes(2000, String(i)) })),
);

/** The same place as another process sees it, with a lock of its own; `before` runs before an object is put. */
class SharedPlace extends MemoryDestination {
  override readonly objects: Map<string, Uint8Array>;
  readonly #before: (name: string) => Promise<unknown>;

  constructor(objects: Map<string, Uint8Array>, before: (name: string) => Promise<unknown>) {
    super();
    this.objects = objects;
    this.#before = before;
  }

  override async put(...args: Parameters<MemoryDestination["put"]>): Promise<void> {
    await this.#before(args[0]);
    return super.put(...args);
  }

  override async putIfAbsent(...args: Parameters<MemoryDestination["putIfAbsent"]>): Promise<boolean> {
    await this.#before(args[0]);
    return super.putIfAbsent(...args);
  }
}

test("the tail's receipt is the same of two processes that each planned", async () => {
  const options = optionsOf({ format: "tar.zst", partSize: 16_384 });
  const objects = new Map<string, Uint8Array>();
  const [hasPlanned, mayGoOn, hasTail, mayEnd] = Array.from({ length: 4 }, () =>
    Promise.withResolvers<void>(),
  );
  assert.ok(hasPlanned && mayGoOn && hasTail && mayEnd);
  const twinsPlace = new SharedPlace(objects, async (name) => {
    if (name.startsWith("receipts/")) {
      hasPlanned.resolve();
      await mayGoOn.promise;
    }
    if (name !== "manifest.json") return;
    hasTail.resolve();
    await mayEnd.promise;
  });
  const twin = exportInMemory(source, twinsPlace, { options });
  const later = { ...twin.home, clock: { now: () => 1_600_000_900_000 } };
  let twinEnds: Promise<unknown> = Promise.resolve();
  const place = new SharedPlace(objects, async (name) => {
    if (name === "plan.json") {
      twinEnds = runExport(twin.call, later, signal);
      await Promise.race([hasPlanned.promise, twinEnds]);
    }
    if (name !== "manifest.json") return;
    mayGoOn.resolve();
    await Promise.race([hasTail.promise, twinEnds]);
  });
  const { call, home } = exportInMemory(source, place, { options });
  await runExport(call, home, signal);
  mayEnd.resolve();
  await twinEnds;
  const report = await verifyExport({ destination: place, formatOf: home.drivers.format }, signal);
  assert.deepEqual(report.problems, []);
});

for (const format of formatNames) {
  const instants = format === "files" ? ["the manifest"] : ["the manifest", "the tail's receipt"];
  for (const instant of instants)
    test(`the first manifest counts, and everything stands as it says: ${format}, let in before ${instant}`, async () => {
      const options = optionsOf({ format, partSize: 16_384 });
      const objects = new Map<string, Uint8Array>();
      const place = new SharedPlace(objects, async () => undefined);
      const twin = exportInMemory(source, place, { options, workers: 2 });
      const later = { ...twin.home, clock: { now: () => 1_600_000_900_000 } };
      const plan = await planExport(twin.call, twin.home, signal);
      assert.ok(plan !== "finished");
      const record = instant === "the manifest" ? "manifest.json" : receiptName(plan.parts.length);
      await packShare(twin.call, twin.home, { index: 0, count: 1 }, signal);

      let times = 0;
      const slow = new SharedPlace(objects, async (name) => {
        if (name === record && times++ === 0) await runExport(twin.call, later, signal);
      });
      const { call, home } = exportInMemory(source, slow, { options });
      const result = await runExport(call, home, signal);
      assert.ok(times > 0, "the other one was never let in");

      const stands = JSON.parse(Buffer.from(objects.get("manifest.json") ?? []).toString()) as {
        run: { finishedAt: string };
      };
      assert.equal(stands.run.finishedAt, new Date(later.clock.now()).toISOString(), "the first one's");
      assert.equal(result.manifest.run.finishedAt, stands.run.finishedAt);
      const report = await verifyExport({ destination: place, formatOf: home.drivers.format }, signal);
      assert.deepEqual(report.problems, []);
    });
}
