import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwner } from "./plan.ts";

test("records are those of the owner whom they name, whole or by the Export's uid alone", () => {
  const cases: [asked: string, recorded: string, expected: boolean][] = [
    ["cluster/namespace/export", "cluster/namespace/export", true],
    ["cluster/namespace/export", "export", true],
    ["cluster/namespace/export", "port", false],
    ["cluster/namespace/export", "", false],
    ["cluster/namespace/export", "cluster", false],
    ["cluster/namespace/export", "cluster/other/export", false],
    ["cluster/namespace/export", "other/namespace/export", false],
    ["export", "cluster/namespace/export", false],
    ["export", "export", true],
  ];
  for (const [asked, recorded, expected] of cases)
    assert.equal(isOwner(asked, recorded), expected, `${asked} asks for what names ${recorded}`);
});
