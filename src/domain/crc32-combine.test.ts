import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { crc32Combine } from "./crc32-combine.ts";

test("the CRC of two pieces is that of the whole", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
      assert.equal(crc32Combine(crc32(a), crc32(b), b.length), crc32(Buffer.concat([a, b])));
    }),
  );
});

test("lengths over 4 GiB count", () => {
  // Doubling n times: the CRC of 2^n zero bytes, up to 2^40, from combining and never from reading.
  let crc = crc32(Buffer.alloc(1 << 20));
  const doubled = [crc];
  for (let n = 20; n < 40; n++) doubled.push((crc = crc32Combine(crc, crc, 2 ** n)));
  const [, eight = 0] = doubled;
  assert.equal(eight, crc32(Buffer.alloc(2 << 20)));
  // Combining is associative, so 2^33 in one step equals two steps of 2^32.
  const at = (n: number): number => doubled[n - 20] ?? 0;
  const start = crc32("start");
  const twice = crc32Combine(crc32Combine(start, at(32), 2 ** 32), at(32), 2 ** 32);
  assert.equal(crc32Combine(start, at(33), 2 ** 33), twice);
});
