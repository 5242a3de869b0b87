import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { secondsOf } from "./seconds.ts";

const second = 1_000_000_000n;

for (const [nanoseconds, seconds] of [
  [0n, 0],
  [999_999_999n, 0],
  [second, 1],
  [-1n, -1],
  [-second, -1],
  [-second - 1n, -2],
  [1_700_000_000n * second - 1n, 1_699_999_999],
  [1_700_000_000n * second, 1_700_000_000],
  [200_000_000_000n * second - 1n, 199_999_999_999],
] as const) {
  test(`${nanoseconds} ns is second ${seconds}`, () => assert.equal(secondsOf(nanoseconds), seconds));
}

test("is the floor everywhere", () => {
  const near = fc.tuple(fc.bigInt(-(2n ** 38n), 2n ** 38n), fc.bigInt(-20_000n, 20_000n));
  fc.assert(
    fc.property(near, ([seconds, nanoseconds]) => {
      const borrowed = ((nanoseconds % second) + second) % second;
      const whole = seconds + (nanoseconds - borrowed) / second;
      assert.equal(secondsOf(seconds * second + nanoseconds), Number(whole));
    }),
  );
});
