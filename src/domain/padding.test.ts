import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { missingProgram } from "../../test/fixtures/run.ts";
import { emptyMember } from "./gzip/padding.ts";
import { skippableFrame } from "./zstd/padding.ts";

/** Node's own decompressor ends with the first frame. */
const zstdDecompress = (bytes: Uint8Array): Buffer =>
  spawnSync("zstd", ["-dcq"], { input: bytes, maxBuffer: 2 ** 26 }).stdout;

const formats = {
  zstd: {
    padding: skippableFrame,
    least: 8,
    compress: zstdCompressSync,
    decompress: zstdDecompress,
    skip: missingProgram("zstd"),
  },
  gzip: { padding: emptyMember, least: 23, compress: gzipSync, decompress: gunzipSync, skip: false },
};

for (const [name, { padding, least, compress, decompress, skip }] of Object.entries(formats)) {
  describe(`padding of ${name}`, { skip }, () => {
    for (const size of [0, 1, 7, 8, 9, 22, 23, 24, 65_536, 65_544, 65_545, 5 * 2 ** 20 - 1, 5 * 2 ** 20])
      test(`of ${size} bytes has that many or a few more, and stands for nothing`, () => {
        const bytes = Buffer.concat([...padding(size)]);
        assert.ok(bytes.length >= size && bytes.length < Math.max(size, least) + 5, `${bytes.length}`);
        const content = Buffer.from("before and after");
        const joined = Buffer.concat([compress(content), bytes, compress(content)]);
        assert.equal(decompress(joined).toString(), "before and afterbefore and after");
      });
  });
}
