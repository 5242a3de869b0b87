import assert from "node:assert/strict";
import { test } from "node:test";
import { bearerOf } from "./bearer.ts";

test("a bearer is understood, nothing else is", () => {
  const table: [string | undefined, string | undefined][] = [
    ["Bearer abc", "abc"],
    ["bearer  a.b-c_d~e+f/g=", "a.b-c_d~e+f/g="],
    ["BEARER\tx ", "x"],
    [undefined, undefined],
    ["", undefined],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Basic abc", undefined],
    ["Bearer a b", undefined],
    ["Bearer ä", undefined],
    ["xBearer a", undefined],
    [`Bearer ${"a".repeat(4097)}`, undefined],
  ];
  for (const [header, token] of table) assert.equal(bearerOf(header), token, header?.slice(0, 40));
});
