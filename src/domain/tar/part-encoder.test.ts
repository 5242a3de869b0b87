import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PlannedEntry } from "../entry.ts";
import { contentLength } from "../entry.ts";
import { frameSize } from "./frame-writer.ts";
import { tarSize } from "./layout.ts";
import { createTarPartEncoder } from "./part-encoder.ts";

const closing = { crc32: 0, storedBefore: 0 };

function file(path: string, size: number, more: Partial<PlannedEntry> = {}): PlannedEntry {
  const base = { mode: 0o644, uid: 0, gid: 0, mtime: 0n, ctime: 0n, inode: 1n };
  return { path, type: "file", size, ...base, ...more };
}

function pack(entries: readonly PlannedEntry[]): { stream: Buffer; offsets: number[]; frames: number[] } {
  const frames: Buffer[] = [];
  const encoder = createTarPartEncoder(
    (frame) => frame,
    (bytes) => void frames.push(Buffer.from(bytes)),
  );
  const offsets = entries.map((entry) => {
    const offset = encoder.begin(entry);
    for (let rest = contentLength(entry); rest > 0;) {
      const space = encoder.space();
      const length = Math.min(rest, space.length);
      space.fill(0x61, 0, length);
      encoder.filled(length);
      rest -= length;
    }
    encoder.end(closing);
    return offset;
  });
  const { uncompressedSize } = encoder.finish();
  const stream = Buffer.concat(frames);
  assert.equal(stream.length, uncompressedSize);
  return { stream, offsets, frames: frames.map(({ length }) => length) };
}

test("pieces of a file, packed apart, are the file", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }), (a, b) => {
      const whole = file("f", a + b);
      const pieces = [
        { ...whole, piece: { start: 0, length: a } },
        { ...whole, piece: { start: a, length: b } },
      ];
      const joined = Buffer.concat(pieces.map((piece) => pack([piece]).stream));
      assert.ok(joined.equals(pack([whole]).stream));
      for (const piece of pieces) assert.equal(pack([piece]).stream.length, tarSize(piece));
    }),
    { numRuns: 20 },
  );
});

test("a header that straddles two frames is whole", () => {
  for (const missing of [1, 100, 511, 512, 513, 1024]) {
    const big = file("big", 3 * frameSize, { piece: { start: 0, length: frameSize - 512 - missing } });
    // The first piece has a header; as a later piece the same bytes would not end at a record.
    const end = file("end", 2 * frameSize + 7, { piece: { start: frameSize, length: frameSize + 7 } });
    const long = file("x".repeat(300), 3);
    const { stream, offsets, frames } = pack([big, end, long]);
    assert.ok(frames.slice(0, -1).every((length) => length === frameSize));
    const at = offsets[2] ?? 0;
    assert.equal(stream.toString("latin1", at, at + 4), "aaa\0");
    assert.equal(stream.toString("latin1", at - 512, at - 412), "x".repeat(100));
    assert.equal(stream.toString("latin1", at - 512 + 257, at - 512 + 265), "ustar  \0");
    const alone = pack([long]).stream;
    assert.ok(stream.subarray(stream.length - alone.length).equals(alone));
  }
});

test("a link target's record stands before a name's", () => {
  const { stream } = pack([file("n".repeat(101), 0, { type: "symlink", linkTarget: "t".repeat(600) })]);
  const types = [0, 1, 2, 3, 4, 5].map((record) => String.fromCharCode(stream[record * 512 + 156] ?? 0));
  assert.equal(stream.length, 512 + 1024 + 512 + 512 + 512);
  assert.equal(types[0], "K");
  assert.equal(types[3], "L");
  assert.equal(stream.toString("latin1", 124, 136), "00000001131\0");
  assert.equal(stream[5 * 512 - 512 + 512 + 156], 0x32);
});

test("a hard link has no content and its own link name", () => {
  const { stream } = pack([file("b", 0, { type: "hardlink", linkTarget: "a" })]);
  assert.equal(stream.length, 512);
  assert.equal(stream.toString("latin1", 124, 136), "00000000000\0");
  assert.equal(stream.toString("latin1", 156, 159), "1a\0");
});

test("what a tar can't hold is refused", () => {
  assert.throws(() => pack([file("s", 0, { type: "socket" })]), TypeError);
});
