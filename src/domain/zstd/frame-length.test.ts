import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import { frameLength } from "./frame-length.ts";

function compress(bytes: Uint8Array, params: Record<number, number> = {}): Buffer {
  return zstdCompressSync(bytes, { params });
}

function skippable(magic: number, length: number): Buffer {
  const frame = Buffer.alloc(8 + length, 0x5a);
  frame.writeUInt32LE(magic, 0);
  frame.writeUInt32LE(length, 4);
  return frame;
}

const text = Buffer.from("the quick brown fox jumps over the lazy dog; ".repeat(8000));
const frames: Record<string, Buffer> = {
  empty: compress(Buffer.alloc(0)),
  "one byte": compress(Buffer.from("x")),
  text: compress(text),
  "text with a checksum": compress(text, { [constants.ZSTD_c_checksumFlag]: 1 }),
  "text without its size": compress(text, { [constants.ZSTD_c_contentSizeFlag]: 0 }),
  "text in a small window": compress(text, { [constants.ZSTD_c_windowLog]: 10 }),
  "incompressible bytes": compress(randomBytes(500_000), { [constants.ZSTD_c_checksumFlag]: 1 }),
  "one byte again and again": compress(Buffer.alloc(3_000_000, 7)),
  zeros: compress(Buffer.alloc(300_000), { [constants.ZSTD_c_checksumFlag]: 1 }),
  "sizes of one byte": compress(Buffer.alloc(200, 1)),
  "sizes of two bytes": compress(Buffer.alloc(300, 1)),
  "skippable, empty": skippable(0x184d2a50, 0),
  "skippable, the last kind": skippable(0x184d2a5f, 100),
};

for (const [name, frame] of Object.entries(frames)) {
  test(`${name}: its length is known, wherever it stands`, () => {
    assert.equal(frameLength(frame, 0), frame.length);
    const among = Buffer.concat([Buffer.alloc(3, 0xff), frame, randomBytes(20)]);
    assert.equal(frameLength(among, 3), frame.length);
    assert.equal(frameLength(among.subarray(3), 0), frame.length);
  });

  test(`${name}: cut short, it is unknown or right`, () => {
    const step = Math.max(1, Math.floor(frame.length / 300));
    for (let end = 0; end < frame.length; end += step) {
      const length = frameLength(frame.subarray(0, end), 0);
      assert.ok(length === undefined || (length === frame.length && end >= 8), `${end} bytes`);
    }
    assert.equal(frameLength(frame.subarray(0, 7), 0), undefined);
  });
}

test("a series is cut apart", () => {
  const series = Buffer.concat(Object.values(frames));
  const lengths: number[] = [];
  for (let offset = 0; offset < series.length;) {
    const length = frameLength(series, offset) ?? assert.fail();
    lengths.push(length);
    offset += length;
  }
  assert.deepEqual(
    lengths,
    Object.values(frames).map((frame) => frame.length),
  );
  assert.equal(frameLength(series, series.length), undefined);
});

test("what is no frame is refused", () => {
  for (const bytes of [
    Buffer.alloc(8),
    Buffer.from("no frame"),
    skippable(0x184d2a60, 0),
    skippable(0x184d2a4f, 0),
    text,
  ])
    assert.throws(() => frameLength(bytes, 0), RangeError);
});
