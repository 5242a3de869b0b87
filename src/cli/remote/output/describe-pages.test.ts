import assert from "node:assert/strict";
import { test } from "node:test";
import { madeUpExport } from "../../../../test/fixtures/made-up-resources.ts";
import { describeExport } from "./describe-pages.ts";

test("an export has as many workers as its mode gives it", () => {
  for (const [workers, shown] of [
    [{}, 1],
    [{ count: 4 }, 1],
    [{ mode: "Indexed", count: 4 }, 4],
  ] as const)
    assert.match(describeExport(madeUpExport("x", { workers }), 0), new RegExp(`^Workers: +${shown}$`, "m"));
});
