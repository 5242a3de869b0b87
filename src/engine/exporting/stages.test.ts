import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { exportInMemory } from "../../../test/fixtures/export-in-memory.ts";
import { madeUpSource } from "../../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { optionsOf, plan as planParts } from "../../../test/fixtures/packing.ts";
import { formatNames } from "../../domain/export-options.ts";
import { runExport } from "./run-export.ts";
import { packShare, partsOfShare, planExport } from "./stages.ts";

const { signal } = new AbortController();

const source = madeUpSource([
  ...Array.from({ length: 40 }, (_, i) => ({ path: `small/${i}`, content: mixedBytes(2000, String(i)) })),
  { path: "large", content: mixedBytes(200_000, "large") },
]);

suite("an export in stages", () => {
  for (const format of formatNames) {
    test(`is byte for byte the export of one process: ${format}`, async () => {
      const options = optionsOf({ format, partSize: 16_384 });
      const alone = new MemoryDestination();
      const whole = exportInMemory(source, alone, { options });
      const undisturbed = await runExport(whole.call, whole.home, signal);

      const shared = new MemoryDestination();
      const packedBy: number[][] = [[], [], []];
      const count = packedBy.length;
      const staged = exportInMemory(source, shared, { options });
      const plan = await planExport(staged.call, staged.home, signal);
      assert.notEqual(plan, "finished");
      const shares = packedBy.map(async (packed, index) => {
        const { call, home } = exportInMemory(source, shared, { options }, ({ part }) =>
          packed.push(part.number),
        );
        return packShare(call, home, { index, count }, signal);
      });
      const numbers = await Promise.all(shares);
      assert.deepEqual(
        numbers,
        packedBy.map((packed) => packed.length),
      );
      const result = await runExport(staged.call, staged.home, signal);

      const everything = packedBy.flat().toSorted((a, b) => a - b);
      assert.deepEqual(
        everything,
        undisturbed.manifest.parts.filter(({ tail }) => !tail).map(({ number }) => number),
      );
      assert.ok(packedBy.every((packed) => packed.length > 0));
      assert.equal(result.manifest.contentDigest, undisturbed.manifest.contentDigest);
      assert.equal(result.manifest.run.redone, 0);
      for (const { object } of result.manifest.parts)
        assert.deepEqual(shared.objects.get(object), alone.objects.get(object));
    });
  }

  test("goes on after a stage that was cut off, and does nothing twice when it is finished", async () => {
    const options = optionsOf({ partSize: 16_384 });
    const destination = new MemoryDestination();
    const first = exportInMemory(source, destination, { options });
    const plan = await planExport(first.call, first.home, signal);
    assert.deepEqual(await planExport(first.call, first.home, signal), plan);

    let packed = 0;
    const cut = exportInMemory(source, destination, { options }, () => {
      if (++packed > 2) throw new Error("killed");
    });
    await assert.rejects(packShare(cut.call, cut.home, { index: 0, count: 1 }, signal), {
      message: "killed",
    });
    const result = await runExport(first.call, first.home, signal);
    assert.equal(result.unchanged, false);
    assert.equal(await planExport(first.call, first.home, signal), "finished");
    assert.equal(await packShare(first.call, first.home, { index: 0, count: 1 }, signal), 0);
  });

  test("packs nothing before there is a plan, and nothing of another's", async () => {
    const destination = new MemoryDestination();
    const mine = exportInMemory(source, destination, { owner: "uid-1" });
    await assert.rejects(packShare(mine.call, mine.home, { index: 0, count: 1 }, signal), {
      code: "NotPlanned",
    });
    await planExport(mine.call, mine.home, signal);
    const other = exportInMemory(source, destination, { owner: "uid-2" });
    await assert.rejects(packShare(other.call, other.home, { index: 0, count: 1 }, signal), {
      code: "LocationOccupied",
    });
    await assert.rejects(planExport(other.call, other.home, signal), { code: "LocationOccupied" });
  });
});

test("shares are disjoint, and together all parts; split files stay in one where that is asked", async () => {
  const { parts } = await planParts(source, new MemoryDestination(), { partSize: 16_384 });
  assert.ok(parts.some(({ endsInside }) => endsInside));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.boolean(), (count, keepsFilesTogether) => {
      const shares = Array.from({ length: count }, (_, index) =>
        partsOfShare(parts, { index, count }, keepsFilesTogether),
      );
      assert.deepEqual(
        shares.flat().toSorted((a, b) => a.number - b.number),
        parts,
      );
      if (!keepsFilesTogether) return;
      for (const share of shares)
        for (const { number, startsInside } of share)
          assert.ok(!startsInside || share.some((other) => other.number === number - 1));
    }),
  );
});
