import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type MadeUpEntry, madeUpSource } from "../../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { contextOf, packPart, plan, receiptOf } from "../../../test/fixtures/packing.ts";
import { draftReceiptName, type PlannedPart, receiptName } from "../../domain/part.ts";
import { receiptBytes } from "../receipts.ts";

const entries: MadeUpEntry[] = [
  { path: "a", content: mixedBytes(5000, "a") },
  { path: "b", content: mixedBytes(5000, "b"), trouble: "shrinks" },
];

/** One part that was packed by a worker which was lost before it wrote the receipt. */
async function unfinished(
  given: readonly MadeUpEntry[] = entries,
): Promise<{ destination: MemoryDestination; part: PlannedPart }> {
  const destination = new MemoryDestination();
  const { parts } = await plan(madeUpSource(given), destination);
  const [part = assert.fail()] = parts;
  await packPart(contextOf(madeUpSource(given), destination), { part });
  destination.objects.delete(receiptName(0));
  return { destination, part };
}

const resumedOn = (destination: MemoryDestination, given = entries) =>
  contextOf(madeUpSource(given), destination, { resumed: true });

const namesOf = ({ objects }: MemoryDestination, pattern: RegExp): string[] =>
  [...objects.keys()].filter((name) => pattern.test(name)).toSorted();

describe("a resumed export", () => {
  test("keeps a part whose receipt stands, without looking at the source", async () => {
    const { destination, part } = await unfinished();
    await packPart(resumedOn(destination), { part });
    const before = new Map(destination.objects);
    const outcome = await packPart(resumedOn(destination, []), { part });
    assert.deepEqual(outcome, {
      number: 0,
      size: (await receiptOf(destination, 0)).size,
      differences: 1,
      way: "kept",
    });
    assert.deepEqual(destination.objects, before);
  });

  test("adopts a part that is whole but for its receipt", async () => {
    const { destination, part } = await unfinished();
    const outcome = await packPart(resumedOn(destination), { part });
    assert.equal(outcome.way, "adopted");
    const { adopted, attempt } = await receiptOf(destination, 0);
    assert.deepEqual([adopted, attempt], [true, 1]);
    assert.deepEqual(namesOf(destination, /^attempts\//), ["attempts/00000000.1"]);
  });

  test("does not adopt when nobody worked on it before", async () => {
    const { destination, part } = await unfinished();
    const outcome = await packPart(contextOf(madeUpSource(entries), destination), { part });
    assert.equal(outcome.way, "packed");
  });

  const damages: Record<string, (destination: MemoryDestination) => void> = {
    "its part is damaged": ({ objects }) => flip(objects, /^parts\//),
    "its part is cut short": ({ objects }) => cutShort(objects, /^parts\//),
    "its part is missing": ({ objects }) => void objects.delete(nameOf(objects, /^parts\//)),
    "its index lines are damaged": ({ objects }) => flip(objects, /^index\/.*zst$/),
    "its index lines are missing": ({ objects }) => void objects.delete(nameOf(objects, /^index\/.*zst$/)),
    "its differences are missing": ({ objects }) =>
      void objects.delete(nameOf(objects, /^index\/.*differences/)),
    "its draft is cut short": ({ objects }) => cutShort(objects, /receipt\.json$/),
    "its draft is empty": ({ objects }) => void objects.set(draftReceiptName(0), new Uint8Array(0)),
    "its draft is missing": ({ objects }) => void objects.delete(draftReceiptName(0)),
  };
  for (const [name, damage] of Object.entries(damages)) {
    test(`packs a part again where ${name}`, async () => {
      const { destination, part } = await unfinished();
      const whole = new Map([...destination.objects].map(([key, bytes]) => [key, Buffer.from(bytes)]));
      damage(destination);
      const outcome = await packPart(resumedOn(destination), { part });
      assert.equal(outcome.way, "packed");
      const receipt = await receiptOf(destination, 0);
      assert.deepEqual([receipt.adopted, receipt.attempt], [false, 2]);
      assert.ok(whole.get(receipt.object)?.equals(destination.objects.get(receipt.object) ?? assert.fail()));
      assert.deepEqual(
        namesOf(destination, /^(?:parts|index)\//),
        [...whole.keys()].filter((key) => /^(?:parts|index)\//.test(key)).toSorted(),
      );
    });
  }

  test("drops the receipt and the draft of another plan", async () => {
    const { destination, part } = await unfinished([{ path: "other", content: Buffer.from("1") }]);
    await packPart(resumedOn(destination, [{ path: "other", content: Buffer.from("1") }]), { part });
    const { parts } = await plan(madeUpSource(entries), destination);
    const [fresh = assert.fail()] = parts;
    assert.notEqual(fresh.key, part.key);
    const outcome = await packPart(resumedOn(destination), { part: fresh });
    assert.equal(outcome.way, "packed");
    const receipt = await receiptOf(destination, 0);
    assert.deepEqual([receipt.key, receipt.attempt], [fresh.key, 2]);
  });
});

describe("twin workers", () => {
  test("that pack the same part at once leave one part and one receipt", async () => {
    const destination = new MemoryDestination();
    const { parts } = await plan(madeUpSource(entries), destination);
    const [part = assert.fail()] = parts;
    const twins = [false, true, false].map((slow) => contextOf(madeUpSource(entries, slow), destination));
    const outcomes = await Promise.all(twins.map((context) => packPart(context, { part })));
    assert.deepEqual(outcomes.map(({ way }) => way).toSorted(), ["adopted", "adopted", "packed"]);
    const receipt = await receiptOf(destination, 0);
    assert.deepEqual(namesOf(destination, /^parts\//), [receipt.object]);
    assert.deepEqual(namesOf(destination, /^attempts\//).length, 3);
  });

  test("that saw different files keep what the first receipt vouches for, and nothing else", async () => {
    const destination = new MemoryDestination();
    const { parts } = await plan(madeUpSource(entries), destination);
    const [part = assert.fail()] = parts;
    const healthy = entries.map(({ trouble: _trouble, ...entry }) => entry);
    const seen = [entries, healthy, entries.map((entry) => ({ ...entry, trouble: "vanishes" as const }))];
    const outcomes = await Promise.all(
      seen.map((given) => packPart(contextOf(madeUpSource(given), destination), { part })),
    );
    const receipt = await receiptOf(destination, 0);
    assert.ok(
      outcomes.every(
        ({ differences, size }) => differences === receipt.differences.count && size === receipt.size,
      ),
    );
    const vouched = [receipt.object, receipt.index.fragment.object, receipt.differences.fragment?.object];
    assert.deepEqual(
      namesOf(destination, /^(?:parts|index)\//),
      vouched.filter((name) => name !== undefined).toSorted(),
    );
  });

  test("of another plan are not made peace with", async () => {
    const { destination, part } = await unfinished();
    const other = await unfinished([{ path: "other" }]);
    await packPart(resumedOn(other.destination, [{ path: "other" }]), { part: other.part });
    destination.objects.set(receiptName(0), receiptBytes(await receiptOf(other.destination, 0)));
    await assert.rejects(packPart(contextOf(madeUpSource(entries), destination), { part }), {
      code: "WorkerLost",
    });
  });
});

test("a receipt says what was planned and what was made", async () => {
  const { destination, part } = await unfinished();
  await packPart(resumedOn(destination), { part });
  const receipt = await receiptOf(destination, 0);
  const bytes = destination.objects.get(receipt.object);
  assert.deepEqual(
    [receipt.number, receipt.key, receipt.size, receipt.settled],
    [0, part.key, bytes?.length, true],
  );
  assert.deepEqual(receipt.counts, { entries: 2, files: 2, content: 10_000 });
  assert.match(receipt.object, new RegExp(`^parts/00000000-${receipt.sha256.slice(0, 16)}\\.tar$`));
  assert.equal(receipt.index.lines, 2);
  assert.equal(receipt.index.pages[0]?.path, "a");
});

function nameOf(objects: ReadonlyMap<string, Uint8Array>, pattern: RegExp): string {
  return (
    [...objects.keys()].find((name) => pattern.test(name)) ?? assert.fail(`nothing is called ${pattern}`)
  );
}

function flip(objects: Map<string, Uint8Array>, pattern: RegExp): void {
  const bytes = objects.get(nameOf(objects, pattern)) ?? assert.fail();
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
}

function cutShort(objects: Map<string, Uint8Array>, pattern: RegExp): void {
  const name = nameOf(objects, pattern);
  const bytes = objects.get(name) ?? assert.fail();
  objects.set(name, bytes.slice(0, bytes.length - 10));
}
