import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { crc32cCombine, crc32Combine } from "./crc32-combine.ts";
import { crc32c } from "./crc32c.ts";

const kinds = [
  { name: "CRC-32", sum: crc32, combine: crc32Combine },
  { name: "CRC-32C", sum: crc32c, combine: crc32cCombine },
] as const;

for (const { name, sum, combine } of kinds) {
  test(`the ${name} of two pieces is that of the whole`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (a, b) => {
        assert.equal(combine(sum(a), sum(b), b.length), sum(Buffer.concat([a, b])));
      }),
    );
  });

  test(`lengths over 4 GiB count in a ${name}`, () => {
    // Doubling n times: the CRC of 2^n zero bytes, up to 2^40, from combining and never from reading.
    let crc = sum(Buffer.alloc(1 << 20));
    const doubled = [crc];
    for (let n = 20; n < 40; n++) doubled.push((crc = combine(crc, crc, 2 ** n)));
    const [, eight = 0] = doubled;
    assert.equal(eight, sum(Buffer.alloc(2 << 20)));
    // Combining is associative, so 2^n in one step equals two steps of half of it.
    const at = (n: number): number => doubled[n - 20] ?? 0;
    const start = sum(Buffer.from("start"));
    for (let n = 28; n < 39; n++) {
      const twice = combine(combine(start, at(n), 2 ** n), at(n), 2 ** n);
      assert.equal(combine(start, at(n + 1), 2 ** (n + 1)), twice, `2^${n}`);
    }
  });
}
