import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { blockSize, blockSums } from "./block-sums.ts";

const bytes = mixedBytes(3 * blockSize + 5, "sums");

test("are those of the blocks, however the bytes come", () => {
  const expected = [0, 1, 2, 3].map((block) =>
    crc32(bytes.subarray(block * blockSize, (block + 1) * blockSize)),
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }), (cuts) => {
      const found = blockSums();
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      for (const [i, place] of places.entries()) found.take(bytes.subarray(place, places[i + 1] ?? place));
      assert.deepEqual(found.sums(), expected);
    }),
    { numRuns: 30 },
  );
});
