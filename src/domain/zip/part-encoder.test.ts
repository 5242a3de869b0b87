import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import type { PlannedEntry } from "../entry.ts";
import { localSize, zipSize } from "./member.ts";
import { createZipPartEncoder } from "./part-encoder.ts";
import { createZipTailEncoder } from "./tail-encoder.ts";

/** Marks blocks instead of compressing them, so that the records are seen as they are. */
const codecs = { deflate: (_: Uint8Array, last: boolean) => Buffer.from(last ? "LAST" : "more"), crc32 };
const GiB = 2 ** 30;

function entry(path: string, more: Partial<PlannedEntry> = {}): PlannedEntry {
  const base = { mode: 0o644, uid: 1, gid: 2, mtime: 0n, ctime: 0n, inode: 1n, size: 0 };
  return { path, type: "file", ...base, ...more };
}

function pack(planned: PlannedEntry, closing = { crc32: 0x01020304, storedBefore: 0 }): Buffer {
  const chunks: Buffer[] = [];
  const encoder = createZipPartEncoder(codecs, (bytes) => void chunks.push(Buffer.from(bytes)));
  encoder.begin(planned);
  let rest = planned.piece?.length ?? planned.size;
  while (rest > 0) {
    const length = Math.min(rest, encoder.space().length);
    encoder.filled(length);
    rest -= length;
  }
  encoder.end(closing);
  assert.equal(encoder.finish().uncompressedSize, zipSize(planned));
  return Buffer.concat(chunks);
}

function directoryOf(entries: readonly { entry: PlannedEntry; contentOffset: number }[], size = 0): Buffer {
  const chunks: Buffer[] = [];
  const tail = createZipTailEncoder(crc32, (bytes) => void chunks.push(Buffer.from(bytes)));
  tail.part({ size, frames: [] });
  for (const one of entries) tail.entry({ ...one, storedSize: 77, crc32: 5 });
  tail.finish();
  return Buffer.concat(chunks);
}

test("local header", () => {
  const time = 1_600_000_001n * 1_000_000_000n;
  const hex = pack(entry("ab", { size: 3, mtime: time })).toString("hex");
  const header = "504b0304 1400 0800 0800 5463 2d51 00000000 00000000 00000000 0200 1800 6162".replaceAll(
    " ",
    "",
  );
  const extra = "5554 0500 01 0110 5e5f 7578 0b00 01 04 01000000 04 02000000".replaceAll(" ", "");
  const content = Buffer.from("LAST").toString("hex");
  const descriptor = "504b0708 04030201 04000000 03000000".replaceAll(" ", "");
  assert.equal(hex, header + extra + content + descriptor);
});

for (const [name, more, flags, method, attributes] of [
  ["ASCII", { size: 1 }, 0x0008, 8, 0o100644],
  ["gr\xc3\xb6\xc3\x9fe", { size: 1 }, 0x0808, 8, 0o100644],
  ["not UTF-8 \xff", { size: 1 }, 0x0008, 8, 0o100644],
  ["empty", {}, 0, 0, 0o100644],
  ["folder/", { type: "directory", mode: 0o755 }, 0, 0, 0o040755],
  ["link", { type: "symlink", linkTarget: "x" }, 0, 0, 0o120644],
  ["hard", { type: "hardlink", linkTarget: "x", size: 4 }, 0x0008, 8, 0o100644],
] as const) {
  test(`flags, method and mode of ${name}`, () => {
    const planned = entry(name, more);
    const local = pack(planned);
    assert.equal(local.readUInt16LE(6), flags);
    assert.equal(local.readUInt16LE(8), method);
    const central = directoryOf([{ entry: planned, contentOffset: 1000 }]);
    assert.equal(central.readUInt16LE(8), flags);
    assert.equal(central.readUInt16LE(10), method);
    assert.equal(central.readUInt32LE(38) >>> 16, attributes);
    assert.equal(central.readUInt32LE(42), 1000 - localSize(planned));
  });
}

for (const [name, seconds, dosDate, hasTimestamp] of [
  ["1970", 0, 0x0021, true],
  ["before 1901", -(2 ** 31) - 1, 0x0021, false],
  ["2020", 1_600_000_000, 0x512d, true],
  ["after 2038", 2 ** 31, 0x7433, false],
  ["after 2107", 10_000_000_000, 0xff9f, false],
] as const) {
  test(`time stamp ${name}`, () => {
    const local = pack(entry("t", { mtime: BigInt(seconds) * 1_000_000_000n }));
    assert.equal(local.readUInt16LE(12), dosDate);
    assert.equal(local.readUInt16LE(28), hasTimestamp ? 24 : 15);
  });
}

test("a split file ends with the sum of its pieces", () => {
  const big = entry("big", { size: 10_000_000 });
  const first = pack({ ...big, piece: { start: 0, length: 6_000_000 } });
  const last = pack(
    { ...big, piece: { start: 6_000_000, length: 4_000_000 } },
    { crc32: 9, storedBefore: 1234 },
  );
  assert.equal(first.toString("latin1", localSize(big)), "moremore");
  assert.equal(last.toString("latin1", 0, 4), "LAST");
  assert.deepEqual(
    [4, 8, 12, 16].map((at) => last.readUInt32LE(at)),
    [0x08074b50, 9, 1238, 10_000_000],
  );
});

test("content of whole blocks ends with the last of them", () => {
  const size = 8 * 2 ** 20;
  assert.equal(
    pack(entry("f", { size })).toString("latin1", localSize(entry("f")), localSize(entry("f")) + 8),
    "moreLAST",
  );
});

test("a file from 0xF0000000 bytes takes the ZIP64 form", () => {
  for (const [size, zip64] of [
    [0xf0000000 - 1, false],
    [0xf0000000, true],
    [5 * GiB, true],
  ] as const) {
    const big = entry("big", { size });
    const first = pack({ ...big, piece: { start: 0, length: 1 } });
    const last = pack({ ...big, piece: { start: size - 1, length: 1 } }, { crc32: 9, storedBefore: 6 * GiB });
    assert.equal(first.length, localSize(big) + 4);
    assert.equal(first.readUInt16LE(4), zip64 ? 45 : 20);
    assert.equal(first.readUInt32LE(18), zip64 ? 0xffffffff : 0);
    assert.equal(last.length, 4 + (zip64 ? 24 : 16));
    if (!zip64) continue;
    assert.equal(first.toString("hex", 33, 53), `01001000${"00".repeat(16)}`);
    assert.equal(last.readBigUInt64LE(12), BigInt(6 * GiB + 4));
    assert.equal(last.readBigUInt64LE(20), BigInt(size));
  }
});

test("the directory has 64 bits for what needs them, and only for that", () => {
  const small = entry("s", { size: 1 });
  const big = entry("b", { size: 5 * GiB });
  const at = (planned: PlannedEntry, offset: number) => ({
    entry: planned,
    contentOffset: offset + localSize(planned),
  });
  const extraOf = (central: Buffer): string =>
    central.toString("hex", 47, 47 + central.readUInt16LE(30) - 24);
  assert.equal(extraOf(directoryOf([at(small, 0xfffffffe)])), "");
  assert.equal(extraOf(directoryOf([at(small, 0xffffffff)])), "01000800ffffffff00000000");
  assert.equal(extraOf(directoryOf([at(big, 0)])), "010008000000004001000000");
  assert.equal(extraOf(directoryOf([at(big, 6 * GiB)])), "0100100000000040010000000000008001000000");
});

test("the archive's end has 64 bits from 4 GiB or 65,535 entries", () => {
  const endOf = (entries: number, size: number): Buffer => {
    const one = { entry: entry("n"), contentOffset: 1000 };
    const bytes = directoryOf(
      Array.from({ length: entries }, () => one),
      size,
    );
    return bytes.subarray(entries * (46 + 1 + 24));
  };
  assert.equal(endOf(0, 0).length, 22);
  assert.equal(endOf(65_534, 0xfffffffe).length, 22);
  const many = endOf(65_535, 0);
  assert.equal(many.length, 56 + 20 + 22);
  assert.equal(many.readBigUInt64LE(32), 65_535n);
  assert.equal(many.readBigUInt64LE(56 + 8), BigInt(65_535 * 71));
  assert.equal(many.readUInt16LE(56 + 20 + 10), 0xffff);
  const far = endOf(1, 0xffffffff);
  assert.equal(far.readBigUInt64LE(48), 0xffffffffn);
  assert.equal(far.readUInt32LE(56 + 20 + 16), 0xffffffff);
});
