import assert from "node:assert/strict";
import { test } from "node:test";
import { CRC32C } from "@google-cloud/storage";
import fc from "fast-check";
import { crc32c } from "./crc32c.ts";

test("has the values of RFC 3720 section B.4", () => {
  const table: [bytes: Uint8Array, sum: number][] = [
    [new Uint8Array(0), 0],
    [Buffer.from("123456789"), 0xe3069283],
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ];
  for (const [bytes, sum] of table) assert.equal(crc32c(bytes), sum, Buffer.from(bytes).toString("hex"));
});

test("is what Google's own client makes of the same bytes, at once or piece by piece, wherever they lie in memory", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(20), (bytes, cut, shift) => {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift);
      const theirs = new CRC32C();
      theirs.update(shifted);
      assert.equal(crc32c(shifted), theirs.valueOf() >>> 0);
      assert.equal(crc32c(shifted.subarray(cut), crc32c(shifted.subarray(0, cut))), crc32c(shifted));
    }),
  );
});
