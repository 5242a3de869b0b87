import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { selectRanges, type Selection } from "./byte-ranges.ts";

const show = (selection: Selection): string =>
  selection.kind === "ranges"
    ? selection.ranges.map(({ offset, length }) => `${offset}-${offset + length - 1}`).join()
    : selection.kind;

const many = (count: number): string => Array.from({ length: count }, (_, i) => `${3 * i}-${3 * i}`).join();

for (const [header, size, expected] of [
  [undefined, 10, "whole"],
  ["bytes=0-0", 10, "0-0"],
  ["bytes=0-", 10, "0-9"],
  ["bytes=9-", 10, "9-9"],
  ["bytes=3-100", 10, "3-9"],
  ["bytes=-1", 10, "9-9"],
  ["bytes=-10", 10, "0-9"],
  ["bytes=-100", 10, "0-9"],
  ["bytes=00000000000000000003-0000000000000000000005", 10, "3-5"],
  ["bytes=2-99999999999999999999999999999999", 10, "2-9"],
  ["BYTES=1-2", 10, "1-2"],
  ["bytes=\t1-2 ,, ,4-5,", 10, "1-2,4-5"],
  // In the order of the request, overlapping and touching ones together.
  ["bytes=-1,0-0", 10, "9-9,0-0"],
  ["bytes=5-6,0-2,1-3", 10, "5-6,0-3"],
  ["bytes=0-2,3-4", 10, "0-4"],
  ["bytes=0-9,0-9,0-9,-10,0-", 10, "0-9"],
  ["bytes=8-8,0-0,4-9", 10, "4-9,0-0"],
  // What can be had is given.
  ["bytes=20-30,1-1", 10, "1-1"],
  // Nothing can be had.
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=10-20,30-", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=99999999999999999999999999-", 10, "unsatisfiable"],
  // Not understood: as if it were not there.
  ["bytes=2-1", 10, "whole"],
  ["bytes=99999999999999999999999999-99999999999999999999999998", 10, "whole"],
  ["bytes=1-2,x", 10, "whole"],
  ["bytes=1", 10, "whole"],
  ["bytes=-", 10, "whole"],
  ["bytes=--1", 10, "whole"],
  ["bytes=1--2", 10, "whole"],
  ["bytes=1-2-3", 10, "whole"],
  ["bytes=+1-2", 10, "whole"],
  ["bytes=1.0-2", 10, "whole"],
  ["bytes=0x1-0x2", 10, "whole"],
  ["bytes=\u00a01-2", 10, "whole"],
  ["bytes=1 - 2", 10, "whole"],
  ["bytes=", 10, "whole"],
  ["bytes=,,,", 10, "whole"],
  ["bytes 1-2", 10, "whole"],
  ["bytes =1-2", 10, "whole"],
  ["items=1-2", 10, "whole"],
  ["", 10, "whole"],
  // An empty file has no bytes that could be named, and is sent as it is.
  ["bytes=0-", 0, "whole"],
  ["bytes=-5", 0, "whole"],
  // As many as there may be, and one more.
  [`bytes=${many(100)}`, 1000, many(100)],
  [`bytes=${many(101)}`, 1000, "unsatisfiable"],
  [`bytes=${many(101)},x`, 1000, "unsatisfiable"],
] as const)
  test(`${String(header).slice(0, 60)} of ${size}: ${expected.slice(0, 40)}`, () => {
    assert.equal(show(selectRanges(header, size)), expected);
  });

/** What one spec asks for, said as simply as it can be: the bytes themselves. */
function bytesOf(spec: string, size: number): number[] | undefined {
  const all = Array.from({ length: size }, (_, i) => i);
  // Not as Number: two of thirty digits would be the same.
  const [first, last] = spec.split("-").map((text) => (text === "" ? undefined : BigInt(text)));
  if (first === undefined) return last === undefined ? undefined : all.filter((i) => size - i <= last);
  if (last !== undefined && last < first) return undefined;
  return all.filter((i) => i >= first && i <= (last ?? size));
}

test("any set of ranges is what a simple model says", () => {
  const number = fc.oneof(fc.nat(30), fc.nat(3), fc.bigInt({ min: 0n, max: 10n ** 30n })).map(String);
  const spec = fc
    .tuple(fc.oneof(number, fc.constant("")), fc.oneof(number, fc.constant("")))
    .map((pair) => pair.join("-"));
  fc.assert(
    fc.property(
      fc.array(spec, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 25 }),
      (specs, size) => {
        const asked = specs.map((text) => bytesOf(text, size));
        const selection = selectRanges(`bytes=${specs.join(", ")}`, size);
        if (asked.includes(undefined)) return assert.equal(selection.kind, "whole");
        const wanted = new Set(asked.flatMap((bytes) => bytes ?? []));
        if (wanted.size === 0) return assert.equal(selection.kind, "unsatisfiable");
        assert.ok(selection.kind === "ranges");
        const given = selection.ranges.flatMap(({ offset, length }) =>
          Array.from({ length }, (_, i) => offset + i),
        );
        // Every byte that was asked for, each once.
        assert.deepEqual(
          given.toSorted((a, b) => a - b),
          [...wanted].toSorted((a, b) => a - b),
        );
        assert.ok(selection.ranges.every(({ length }) => length > 0));
        // Whichever was asked for first comes first.
        const rank = (byte: number): number => asked.findIndex((bytes) => bytes?.includes(byte));
        const ranks = selection.ranges.map(({ offset, length }) =>
          Math.min(...Array.from({ length }, (_, i) => rank(offset + i))),
        );
        assert.deepEqual(
          ranks,
          ranks.toSorted((a, b) => a - b),
        );
      },
    ),
    { numRuns: 5000 },
  );
});

test("whatever the header is, the answer is ranges inside the file, or none", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^bytes=[-0-9, \t]{0,40}$/));
  fc.assert(
    fc.property(text, fc.nat(100), (header, size) => {
      const selection = selectRanges(header, size);
      if (selection.kind !== "ranges") return;
      for (const { offset, length } of selection.ranges)
        assert.ok(Number.isSafeInteger(offset) && offset >= 0 && length > 0 && offset + length <= size);
    }),
    { numRuns: 5000 },
  );
});
