import assert from "node:assert/strict";
import { test } from "node:test";
import { waitAfter } from "./back-off.ts";

const backOff = { first: 100, longest: 1000 };
const least = (): number => 0;
const most = (): number => 1;

test("a wait doubles with each failure up to the longest", () => {
  const waits = [1, 2, 3, 4, 5, 50, 5000].map((failures) => waitAfter(failures, backOff, most));
  assert.deepEqual(waits, [100, 200, 400, 800, 1000, 1000, 1000]);
});

test("half of a wait is left to chance, or as much as is said", () => {
  assert.equal(waitAfter(2, backOff, least), 100);
  assert.equal(waitAfter(2, { ...backOff, certain: 0 }, least), 0);
  assert.equal(waitAfter(2, { ...backOff, certain: 1 }, least), 200);
});
