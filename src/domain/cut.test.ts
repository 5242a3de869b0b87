import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  checkPartNumber,
  cutsBefore,
  fnv1a32,
  isSplit,
  maximumParts,
  pieceLength,
  targetSize,
  weight,
} from "./cut.ts";

const mebibyte = 2 ** 20;

interface Sized {
  readonly path: string;
  readonly size: number;
}

/** The parts that the rule makes of entries none of which is split. */
function cut(entries: readonly Sized[], target: number): Sized[][] {
  const parts: Sized[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const added = weight(entry.size);
    const open = parts.at(-1);
    if (open === undefined || cutsBefore(entry.path, added, bytes, target)) {
      parts.push([entry]);
      bytes = added;
    } else {
      open.push(entry);
      bytes += added;
    }
  }
  return parts;
}

const sumOf = (part: readonly Sized[]): number => part.reduce((sum, { size }) => sum + weight(size), 0);

test("FNV-1a has the values that its authors publish", () => {
  const vectors: [string, number][] = [
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["b", 0xe70c2de5],
    ["foobar", 0xbf9cf968],
    ["\xff\x00\x00\x01", 0xc48fb86d],
  ];
  for (const [bytes, hash] of vectors) assert.equal(fnv1a32(bytes), hash, JSON.stringify(bytes));
});

describe("a cut before an entry", () => {
  // Hashes as shares of 2³²: foobar 0.748, b 0.903, the empty path 0.504.
  const target = 1000;
  const table: [name: string, path: string, added: number, bytes: number, expected: boolean][] = [
    ["never falls before a part's first entry", "", 10_000, 0, false],
    ["always keeps a part under twice its target", "foobar", 1501, 500, true],
    ["is not forced at exactly twice the target", "foobar", 600, 400, false],
    ["never falls in the first half of a part", "", 1499, 499, false],
    ["needs a hash under half the share below the target", "", 1010, 500, true],
    ["does not fall where the hash is above that", "", 1000, 500, false],
    ["is still unlikely just below the target", "", 300, 999, false],
    ["needs a hash under four times the share from the target on", "foobar", 188, 1000, true],
    ["does not fall there where the hash is above that", "foobar", 187, 1000, false],
    ["falls later for another name of the same size", "b", 188, 1000, false],
    ["falls for it where the entry is larger", "b", 226, 1000, true],
  ];
  for (const [name, path, added, bytes, expected] of table) {
    test(name, () => assert.equal(cutsBefore(path, added, bytes, target), expected));
  }

  test("counts 4 KiB for every entry", () => {
    assert.equal(weight(0), 4096);
    assert.equal(weight(512), 4608);
  });
});

const sized = fc.record({
  path: fc.string({ minLength: 1, maxLength: 20 }),
  size: fc.oneof(fc.nat(2000), fc.nat(200_000), fc.nat(3_000_000)),
});

test("every entry is in exactly one part, in order, and no part is over twice its target but by one entry alone", () => {
  fc.assert(
    fc.property(
      fc.array(sized, { maxLength: 300 }),
      fc.integer({ min: 65_536, max: mebibyte }),
      (entries, target) => {
        const parts = cut(entries, target);
        assert.deepEqual(parts.flat(), entries);
        for (const part of parts) assert.ok(part.length === 1 || sumOf(part) <= 2 * target);
        for (const part of parts.slice(0, -1)) {
          const next = parts[parts.indexOf(part) + 1]?.[0];
          assert.ok(sumOf(part) >= target / 2 || sumOf(part) + weight(next?.size ?? 0) > 2 * target);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("an entry more moves no cut far from it", () => {
  const random = (i: number): number => fnv1a32(`size of ${i}`) / 2 ** 32;
  const entries = Array.from({ length: 20_000 }, (_, i) => ({
    path: `folder-${i >> 6}/file-${i}`,
    size: Math.floor(random(i) ** 4 * 300_000),
  }));
  const target = 4 * mebibyte;
  const cutsOf = (list: readonly Sized[]): Set<string> =>
    new Set(cut(list, target).map((part) => part[0]?.path ?? ""));
  const before = cutsOf(entries);
  let far = 0;
  let moved = 0;
  for (let at = 500; at < entries.length; at += 1500) {
    const after = cutsOf(entries.toSpliced(at, 0, { path: `folder-${at >> 6}/inserted`, size: 100_000 }));
    const farCuts = entries.slice(at + 5000).filter(({ path }) => before.has(path) || after.has(path));
    far += farCuts.length;
    moved += farCuts.filter(({ path }) => before.has(path) !== after.has(path)).length;
    for (const { path } of entries.slice(0, at))
      assert.equal(after.has(path), before.has(path), "a cut before it moved");
  }
  assert.ok(far > 500, `only ${far} cuts`);
  assert.ok(moved <= far * 0.05, `${moved} of ${far} far cuts moved`);
});

test("parts are of about the size that was asked for", () => {
  const entries = Array.from({ length: 100_000 }, (_, i) => ({
    path: `folder-${Math.floor(i / 1000)}/file-${String(i).padStart(8, "0")}.txt`,
    size: 4608,
  }));
  const mean = (entries.length * weight(4608)) / cut(entries, 4 * mebibyte).length;
  assert.ok(mean > 0.75 * 4 * mebibyte && mean < 1.5 * 4 * mebibyte, `${mean}`);
});

describe("the target", () => {
  const table: [partSize: number, number: number, expected: number][] = [
    [64 * mebibyte, 0, 64 * mebibyte],
    [64 * mebibyte, 999, 64 * mebibyte],
    [64 * mebibyte, 1000, 128 * mebibyte],
    [64 * mebibyte, 1999, 128 * mebibyte],
    [64 * mebibyte, 2000, 256 * mebibyte],
    [64 * mebibyte, 5999, 2048 * mebibyte],
    [64 * mebibyte, 6000, 4096 * mebibyte],
    [64 * mebibyte, 9899, 4096 * mebibyte],
    [5000 * mebibyte, 0, 5000 * mebibyte],
    [5000 * mebibyte, 3000, 5000 * mebibyte],
  ];
  for (const [partSize, number, expected] of table) {
    test(`of part ${number} at ${partSize / mebibyte} MiB is ${expected / mebibyte} MiB`, () =>
      assert.equal(targetSize(partSize, number), expected));
  }

  test("after 9,900 parts is no more: the error names a part size that would do", () => {
    checkPartNumber(mebibyte, maximumParts - 1);
    assert.throws(() => checkPartNumber(mebibyte, 9900), {
      code: "TooManyParts",
      message: /more than 9900 parts at --part-size 1Mi/,
      hint: /--part-size 8Mi/,
    });
  });
});

describe("a split file", () => {
  test("is one over twice the target", () => {
    assert.ok(!isSplit(2000, 1000));
    assert.ok(isSplit(2001, 1000));
  });

  const table: [name: string, size: number, start: number, expected: number][] = [
    ["begins with a whole piece", 2001, 0, 1000],
    ["lets a remainder under half the target join the piece before", 2499, 1000, 1499],
    ["gives a remainder of half the target its own piece", 2500, 1000, 1000],
    ["ends with that", 2500, 2000, 500],
    ["ends with a whole piece where it comes out even", 3000, 2000, 1000],
  ];
  for (const [name, size, start, expected] of table) {
    test(name, () => assert.equal(pieceLength(size, start, 1000), expected));
  }

  test("has pieces that begin at multiples of the target and make the whole", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 100_000 }), (target, more) => {
        const size = 2 * target + more;
        let start = 0;
        while (start < size) {
          const length = pieceLength(size, start, target);
          assert.equal(start % target, 0);
          assert.ok(length >= target / 2 && length < 1.5 * target);
          start += length;
        }
        assert.equal(start, size);
      }),
      { numRuns: 200 },
    );
  });
});
