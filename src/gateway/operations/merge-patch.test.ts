import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePatched } from "./merge-patch.ts";

/** The examples of RFC 7396, appendix A, and what its rules say of names that objects have anyway. */
const table: [unknown, unknown, unknown][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ toString: "x" }, { constructor: "y", toString: null }, { constructor: "y" }],
];

test("a patch does what RFC 7396 says", () => {
  for (const [target, patch, result] of table) {
    const before = structuredClone(target);
    assert.deepEqual(mergePatched(target, patch), result, JSON.stringify(patch));
    assert.deepEqual(target, before, "the target stays as it was");
  }
});
