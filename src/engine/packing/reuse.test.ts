import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type MadeUpEntry, madeUpSource } from "../../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { contextOf, packPart, plan, receiptOf } from "../../../test/fixtures/packing.ts";
import type { ReusablePart } from "../../domain/pack-task.ts";
import { type PlannedPart, receiptName } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { receiptBytes } from "../receipts.ts";

/** Another export's objects can be had without moving them. */
class LinkingDestination extends MemoryDestination {
  async copyFrom(other: Destination, otherName: string, name: string): Promise<boolean> {
    if (!(other instanceof MemoryDestination)) return false;
    this.objects.set(name, other.objects.get(otherName) ?? assert.fail(`${otherName} is missing`));
    return true;
  }
}

const entries: MadeUpEntry[] = [
  { path: "a", content: mixedBytes(50_000, "a") },
  { path: "d/" },
  { path: "d/b", content: Buffer.from("1") },
];

interface Earlier {
  readonly previous: MemoryDestination;
  readonly part: PlannedPart;
  readonly reuse: ReusablePart;
}

/** A finished export of one part, its index joined, and where that part would be found. */
async function earlier(given: readonly MadeUpEntry[] = entries, now?: () => number): Promise<Earlier> {
  const previous = new MemoryDestination("memory://previous");
  const { parts } = await plan(madeUpSource(given), previous, {}, now);
  const [part = assert.fail()] = parts;
  await packPart(contextOf(madeUpSource(given), previous), { part });
  const { index } = await receiptOf(previous, 0);
  const lines = previous.objects.get(index.fragment.object) ?? assert.fail();
  // Lines of other parts lie around its own.
  previous.objects.set(
    "index.jsonl.zst",
    Buffer.concat([Buffer.from("before"), lines, Buffer.from("after")]),
  );
  return {
    previous,
    part,
    reuse: {
      location: previous.location,
      number: 0,
      stored: { object: (await receiptOf(previous, 0)).object, offset: 0 },
      indexOffset: 6,
      indexSize: lines.length,
    },
  };
}

async function reusing(
  { previous, part, reuse }: Earlier,
  destination: MemoryDestination = new LinkingDestination(),
): Promise<{ way: string; destination: MemoryDestination; receipt: Receipt }> {
  // The same part has another number in this export, and stands in its own plan.
  const moved = { ...part, number: 5, page: { ...part.page, object: "plan/00000005.jsonl.zst" } };
  destination.objects.set(moved.page.object, previous.objects.get(part.page.object) ?? assert.fail());
  const context = contextOf(madeUpSource(entries), destination, { openDestination: async () => previous });
  const { way } = await packPart(context, { part: moved, reuse });
  return { way, destination, receipt: await receiptOf(destination, 5) };
}

test("a part with an equal key is taken over, under its new number", async () => {
  const found = await earlier();
  const old = await receiptOf(found.previous, 0);
  const { way, destination, receipt } = await reusing(found);
  assert.equal(way, "reused");
  assert.equal(receipt.object, old.object.replace("00000000", "00000005"));
  assert.deepEqual(destination.objects.get(receipt.object), found.previous.objects.get(old.object));
  assert.deepEqual(
    destination.objects.get(receipt.index.fragment.object),
    found.previous.objects.get(old.index.fragment.object),
  );
  assert.match(receipt.index.fragment.object, /^index\/00000005-/);
  assert.deepEqual([receipt.reused, receipt.attempt, receipt.number], [true, 0, 5]);
  assert.deepEqual([receipt.sha256, receipt.frames, receipt.counts], [old.sha256, old.frames, old.counts]);
  assert.ok(![...destination.objects.keys()].some((name) => /^(?:attempts|tmp)\//.test(name)));
});

test("twin workers may take it over at once", async () => {
  const found = await earlier();
  const destination = new LinkingDestination();
  const ways = (await Promise.all([reusing(found, destination), reusing(found, destination)])).map(
    ({ way }) => way,
  );
  assert.deepEqual(ways.toSorted(), ["adopted", "reused"]);
  assert.equal([...destination.objects.keys()].filter((name) => /^(?:parts|index)\//.test(name)).length, 2);
});

describe("a part is packed again", () => {
  const rewrite =
    (previous: MemoryDestination, change: (receipt: Receipt) => Receipt) => async (): Promise<void> =>
      void previous.objects.set(receiptName(0), receiptBytes(change(await receiptOf(previous, 0))));
  const damages: Record<string, (previous: MemoryDestination) => void | Promise<void>> = {
    "whose receipt is gone": ({ objects }) => void objects.delete(receiptName(0)),
    "whose receipt is damaged": ({ objects }) => void objects.set(receiptName(0), Buffer.from("{")),
    "whose receipt has another key": (previous) =>
      rewrite(previous, (receipt) => ({ ...receipt, key: "0".repeat(64) }))(),
    "that was not settled": (previous) => rewrite(previous, (receipt) => ({ ...receipt, settled: false }))(),
    "that had differences": (previous) =>
      rewrite(previous, (receipt) => ({ ...receipt, differences: { count: 1 } }))(),
    "whose bytes are damaged": async (previous) => {
      const bytes = previous.objects.get((await receiptOf(previous, 0)).object) ?? assert.fail();
      bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    },
    "whose bytes are cut short": async (previous) => {
      const { object } = await receiptOf(previous, 0);
      previous.objects.set(object, previous.objects.get(object)?.subarray(1) ?? assert.fail());
    },
    "whose bytes are gone": async (previous) =>
      void previous.objects.delete((await receiptOf(previous, 0)).object),
    "whose index lines are gone": ({ objects }) => void objects.delete("index.jsonl.zst"),
    "whose index lines are others": ({ objects }) => void objects.get("index.jsonl.zst")?.fill(0),
    "whose index is cut short": ({ objects }) => void objects.set("index.jsonl.zst", Buffer.from("before")),
  };
  for (const [name, damage] of Object.entries(damages)) {
    test(name, async () => {
      const found = await earlier();
      await damage(found.previous);
      const { way, destination, receipt } = await reusing(found);
      assert.equal(way, "packed");
      assert.deepEqual([receipt.reused, receipt.attempt], [false, 1]);
      assert.equal([...destination.objects.keys()].filter((key) => key.startsWith("parts/")).length, 1);
    });
  }

  test("where the destination can't take it over", async () => {
    const { way } = await reusing(await earlier(), new MemoryDestination());
    assert.equal(way, "packed");
  });

  test("that was planned while its files were young", async () => {
    const young = 1_500_000_001_000;
    const found = await earlier(entries, () => young);
    assert.equal((await receiptOf(found.previous, 0)).settled, false);
    assert.equal((await reusing(found)).way, "packed");
  });
});
