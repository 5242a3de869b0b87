import assert from "node:assert/strict";
import { test } from "node:test";
import { backOff, waitFor, waitForExport } from "./back-off.ts";

test("each failure waits twice as long, up to half a minute, and never the same for two clients", () => {
  const slowest = [0, 1, 2, 3, 8, 9, 1000].map((failures) => backOff(failures, () => 1));
  assert.deepEqual(slowest, [125, 250, 500, 1000, 30_000, 30_000, 30_000]);
  assert.equal(
    backOff(3, () => 0),
    500,
  );
});

test("never sooner than the server asked, but not for ever", () => {
  assert.equal(
    waitFor(0, 60_000, () => 1),
    60_000,
  );
  assert.equal(
    waitFor(3, 10, () => 1),
    1000,
  );
  assert.equal(
    waitFor(0, 1e12, () => 1),
    3_600_000,
  );
  assert.equal(
    waitFor(0, undefined, () => 0),
    62.5,
  );
});

test("an export is asked for as often as the server says, within reason", () => {
  assert.deepEqual(
    [undefined, 0, 2000, 1e9].map((asked) => waitForExport(asked, () => 0)),
    [5000, 1000, 2000, 60_000],
  );
});
