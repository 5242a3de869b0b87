import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { blockId, contentTypeOf, parseBlockId, uploadId, uploadTokenLength } from "./block-ids.ts";

const token = fc.uint8Array({ minLength: uploadTokenLength, maxLength: uploadTokenLength });
const md5 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));
const type = fc.constantFrom("application/zstd", "text/plain;charset=utf-8", "application/octet-stream");

describe("the id of a block", () => {
  test("gives back what it was made of, and has the length of every other", () => {
    const name = fc.record({
      upload: fc.tuple(token, type).map(([bytes, text]) => uploadId(bytes, text)),
      number: fc.integer({ min: 1, max: 50_000 }),
      edition: fc.integer({ min: 0, max: 255 }),
      md5,
    });
    fc.assert(
      fc.property(name, (made) => {
        const id = blockId(made);
        assert.deepEqual(parseBlockId(id), { ...made });
        assert.equal(Buffer.from(id, "base64").length, 64);
        assert.equal(Buffer.from(id, "base64").toString("base64"), id);
      }),
    );
  });

  test("of somebody else is told from ours", () => {
    for (const bytes of [
      "",
      "000001",
      "x".repeat(63),
      Buffer.alloc(64),
      Buffer.alloc(64, 0xff),
      "b".repeat(65),
    ])
      assert.equal(parseBlockId(Buffer.from(bytes).toString("base64")), undefined);
  });
});

describe("the id of an upload", () => {
  const bytes = Buffer.alloc(uploadTokenLength, 7);

  test("keeps the media type of what it makes", () => {
    const id = uploadId(bytes, "application/zstd");
    assert.equal(contentTypeOf(id), "application/zstd");
  });

  test("says nothing of a type that has no room in it", () => {
    for (const odd of ["", "application/vnd.openxmlformats-officedocument", "text/plain; charset=utf-8"])
      assert.equal(contentTypeOf(uploadId(bytes, odd)), "application/octet-stream");
  });
});
