import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type HeldKeys, orderKeys } from "./key-order.ts";

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

interface Item {
  readonly key: string;
}

/** What comes out where the keys come in pages of so many. */
function ordered(keys: readonly string[], size: number): string[] {
  const found: string[] = [];
  let held: HeldKeys<Item> = [];
  for (let from = 0; from < keys.length || from === 0; from += size) {
    const page = keys.slice(from, from + size).map((key) => ({ key }));
    const next = orderKeys(held, page, from + size >= keys.length);
    found.push(...next.items.map(({ key }) => key));
    held = next.held;
  }
  assert.deepEqual(held, []);
  return found;
}

const character = fc.constantFrom(
  "a",
  "b",
  "/",
  "\u00fc",
  "\ud7ff",
  "\ue000",
  "\uff46",
  "\uffff",
  "\u{10000}",
  "\u{1f600}",
);
const keys = fc.uniqueArray(fc.string({ unit: character, maxLength: 5 }), { maxLength: 60 });

for (const [name, order] of [
  ["units", byUnits],
  ["bytes", byBytes],
] as const)
  test(`keys in the order of ${name} come out in the order of bytes, however small the pages`, () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 20 }), (given, size) => {
        assert.deepEqual(ordered(given.toSorted(order), size), given.toSorted(byBytes));
      }),
      { numRuns: 500 },
    );
  });

test("what does not have to wait does not", () => {
  const first = orderKeys<Item>(
    [],
    [{ key: "a" }, { key: "b" }, { key: "c/\u{1f600}" }, { key: "c/\u{1f601}" }],
    false,
  );
  assert.deepEqual(
    first.items.map(({ key }) => key),
    ["a", "b"],
  );
  const second = orderKeys(first.held, [{ key: "c/\uff46" }, { key: "d" }], false);
  assert.deepEqual(
    second.items.map(({ key }) => key),
    ["c/\uff46", "c/\u{1f600}", "c/\u{1f601}", "d"],
  );
});
