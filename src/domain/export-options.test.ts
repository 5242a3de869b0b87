import assert from "node:assert/strict";
import { test } from "node:test";
import { differingOptions, type ExportOptions } from "./export-options.ts";

const options: ExportOptions = {
  format: "tar.zst",
  level: 3,
  partSize: 1000,
  include: ["a", "b"],
  exclude: [],
  differences: "record",
  entryDigests: false,
  crossFileSystems: false,
};

test("equal options differ in nothing", () => {
  assert.deepEqual(differingOptions(options, { ...options, include: ["a", "b"] }), []);
});

test("each option is named as the command line names it", () => {
  const table: [Partial<ExportOptions>, string][] = [
    [{ format: "zip" }, "--format"],
    [{ level: 4 }, "--level"],
    [{ partSize: 1001 }, "--part-size"],
    [{ include: ["b", "a"] }, "--include"],
    [{ include: [] }, "--include"],
    [{ exclude: ["c"] }, "--exclude"],
    [{ differences: "fail" }, "--differences"],
    [{ entryDigests: true }, "--entry-digests"],
    [{ crossFileSystems: true }, "--cross-file-systems"],
  ];
  for (const [change, flag] of table)
    assert.deepEqual(differingOptions(options, { ...options, ...change }), [flag]);
  const all = Object.assign({}, ...table.map(([change]) => change)) as ExportOptions;
  assert.deepEqual(
    differingOptions(options, all).toSorted(),
    [...new Set(table.map(([, flag]) => flag))].toSorted(),
  );
});
