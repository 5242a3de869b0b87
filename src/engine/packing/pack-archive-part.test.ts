import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import { type MadeUpEntry, madeUpSource, type Trouble } from "../../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import {
  contextOf,
  differencesOf,
  indexOf,
  packPart,
  plan,
  receiptOf,
} from "../../../test/fixtures/packing.ts";
import type { ExportOptions } from "../../domain/export-options.ts";
import type { IndexEntry } from "../../domain/plan-line.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { receiptName } from "../../domain/part.ts";
import { sha256 } from "../digest.ts";

interface Packed {
  readonly destination: MemoryDestination;
  readonly receipts: Receipt[];
  readonly index: IndexEntry[];
  readonly differences: string[];
  /** The parts as they are stored, one after another. */
  readonly stored: Buffer;
}

async function pack(
  entries: readonly MadeUpEntry[],
  given: Partial<ExportOptions> = {},
  slow = false,
): Promise<Packed> {
  const destination = new MemoryDestination();
  const source = madeUpSource(entries, slow);
  const { parts } = await plan(source, destination, given);
  const receipts: Receipt[] = [];
  const index: IndexEntry[] = [];
  const differences: string[] = [];
  for (const part of parts) {
    await packPart(contextOf(source, destination, given), { part });
    const receipt = await receiptOf(destination, part.number);
    receipts.push(receipt);
    index.push(...(await indexOf(destination, receipt)));
    differences.push(...(await differencesOf(destination, receipt)));
  }
  const stored = Buffer.concat(
    receipts.map(({ object }) => destination.objects.get(object) ?? Buffer.alloc(0)),
  );
  return { destination, receipts, index, differences, stored };
}

const reasons: Record<Trouble, string> = {
  grows: "changed",
  shrinks: "changed",
  vanishes: "vanished",
  "is replaced": "changed",
  "is denied": "unreadable",
  "fails in the middle": "unreadable",
};

/** What of the content can still be read. */
const readable: Record<Trouble, number> = {
  grows: 1,
  shrinks: 0.5,
  vanishes: 0,
  "is replaced": 0,
  "is denied": 0,
  "fails in the middle": 0.5,
};

// Small files are read at once, large ones bit by bit.
for (const size of [1000, 9 * 2 ** 20]) {
  for (const slow of [false, true]) {
    describe(`a file of ${size} bytes, read ${slow ? "slowly" : "at once"}, that`, () => {
      for (const trouble of Object.keys(reasons) as Trouble[]) {
        test(`${trouble} is ${reasons[trouble]}, and has its planned length with zeros for what is missing`, async () => {
          const content = mixedBytes(size, trouble);
          const entries = [
            { path: "a", content: Buffer.from("before") },
            { path: "b", content, trouble },
            { path: "c", content: Buffer.from("after") },
          ];
          const { index, differences, stored } = await pack(
            entries,
            { partSize: 2 ** 26, entryDigests: true },
            slow,
          );
          assert.deepEqual(differences, [`b ${reasons[trouble]}`]);
          const expected = Buffer.alloc(size);
          content.copy(expected, 0, 0, Math.floor(size * readable[trouble]));
          for (const [i, bytes] of [entries[0]?.content, expected, entries[2]?.content].entries()) {
            const { placement } = index[i] ?? assert.fail();
            assert.ok(bytes);
            assert.ok(
              stored.subarray(placement.offset, placement.offset + bytes.length).equals(bytes),
              `entry ${i}`,
            );
            assert.equal(placement.crc32, crc32(bytes));
            assert.equal(placement.sha256, sha256(bytes));
            assert.equal(placement.difference, i === 1 ? reasons[trouble] : undefined);
          }
        });
      }
    });
  }
}

describe("a source that answers with promises gives the same bytes", () => {
  const entries = ["a", "d/", "d/empty", "d/small", "d/zz"].map((path, i) => ({
    path,
    content: path.endsWith("/") ? Buffer.alloc(0) : mixedBytes([5, 0, 0, 70_000, 4_500_000][i] ?? 0, path),
  }));
  for (const format of ["tar", "tar.gz", "tar.zst", "zip", "files"] as const) {
    test(`in ${format}`, async () => {
      const [fast, slow] = await Promise.all(
        [false, true].map((slowly) =>
          pack(
            format === "files" ? entries.filter(({ path }) => path !== "d/") : entries,
            { format },
            slowly,
          ),
        ),
      );
      const objects = ({ destination }: Packed): [string, string][] =>
        [...destination.objects]
          .filter(([name]) => /^(?:parts|files|index|plan)\//.test(name))
          .map(([name, bytes]) => [name, sha256(bytes)]);
      assert.ok(fast && slow);
      assert.deepEqual(objects(slow), objects(fast));
      assert.ok(objects(fast).length > 2);
    });
  }
});

test("pieces of a split file are packed apart, each with its own share of the trouble", async () => {
  const content = mixedBytes(3_500_000, "split");
  const { receipts, index, differences, stored } = await pack(
    [{ path: "big", content, trouble: "shrinks" }],
    { partSize: 2 ** 20, format: "tar" },
  );
  assert.equal(receipts.length, 3);
  assert.deepEqual(differences, ["big changed", "big changed", "big changed"]);
  let start = 0;
  const joined = receipts.map((receipt, i) => {
    const { placement, piece } = index[i] ?? assert.fail();
    const from = start + placement.offset;
    start += receipt.size;
    assert.equal(receipt.piece?.crc32, i < 2 ? placement.crc32 : undefined);
    return stored.subarray(from, from + (piece?.length ?? 0));
  });
  const expected = Buffer.alloc(content.length);
  content.copy(expected, 0, 0, content.length / 2);
  assert.ok(Buffer.concat(joined).equals(expected));
});

test("the last piece in a zip waits for what the receipts before it say", async () => {
  const source = madeUpSource([{ path: "big", content: mixedBytes(2_500_000, "zip") }]);
  const destination = new MemoryDestination();
  const { parts } = await plan(source, destination, { format: "zip" });
  const context = contextOf(source, destination, { format: "zip" });
  const last = parts.at(-1) ?? assert.fail();
  await assert.rejects(packPart(context, { part: last }), { code: "WorkerLost" });
  for (const part of parts) await packPart(context, { part });
});

test("what planning knew to be amiss is told again, and takes no room unless it is a folder", async () => {
  const { index, differences } = await pack([
    { path: "closed/", difference: "unreadable" },
    { path: "gone", type: "unknown", difference: "vanished" },
    { path: "socket", type: "socket", difference: "unsupported" },
  ]);
  assert.deepEqual(differences, ["closed/ unreadable", "gone vanished", "socket unsupported"]);
  assert.deepEqual(
    index.map(({ path }) => path),
    ["closed/"],
  );
});

test("format Files keeps what it could read, and leaves out what it could not", async () => {
  const entries = (Object.keys(reasons) as Trouble[]).map((trouble) => ({
    path: trouble,
    content: mixedBytes(1000, trouble),
    trouble,
  }));
  const { destination, index, differences } = await pack(entries, { format: "files" });
  assert.deepEqual(
    differences.toSorted(),
    Object.entries(reasons)
      .map(([trouble, reason]) => `${trouble} ${reason}`)
      .toSorted(),
  );
  const kept = [...destination.objects.keys()].filter((name) => name.startsWith("files/"));
  assert.deepEqual(kept.toSorted(), ["files/grows", "files/shrinks"]);
  for (const { path, placement } of index) {
    const bytes = destination.objects.get(`files/${path}`);
    assert.deepEqual(
      [placement.size, placement.sha256],
      bytes === undefined ? [undefined, undefined] : [bytes.length, sha256(bytes)],
      path,
    );
  }
});

test("format Files takes away what an earlier attempt kept and can no longer be read", async () => {
  const destination = new MemoryDestination();
  const entries = [
    { path: "a", content: Buffer.from("1") },
    { path: "b", content: Buffer.from("2") },
  ];
  const { parts } = await plan(madeUpSource(entries), destination, { format: "files" });
  const [part = assert.fail()] = parts;
  await packPart(contextOf(madeUpSource(entries), destination, { format: "files" }), { part });
  destination.objects.delete(receiptName(0));
  await packPart(contextOf(madeUpSource(entries.slice(1)), destination, { format: "files", resumed: true }), {
    part,
  });
  assert.ok(!destination.objects.has("files/a") && destination.objects.has("files/b"));
});

test("a page of the plan that is not what the plan says is Damaged, and nothing is kept of it", async () => {
  const source = madeUpSource([{ path: "a", content: Buffer.from("1") }]);
  const destination = new MemoryDestination();
  const { parts } = await plan(source, destination);
  const other = new MemoryDestination();
  await plan(madeUpSource([{ path: "b", content: Buffer.from("1") }]), other);
  const [part = assert.fail()] = parts;
  destination.objects.set(part.page.object, other.objects.get(part.page.object) ?? assert.fail());
  await assert.rejects(packPart(contextOf(source, destination), { part }), { code: "Damaged" });
  assert.ok([...destination.objects.keys()].every((name) => /^(?:plan|attempts)\//.test(name)));
});
