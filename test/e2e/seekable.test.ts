/**
 * Reads the joined archive by nothing but the public specification of the zstd seekable format (contrib/seekable_format in the zstd
 * repository), so that any reader of that format can be expected to find its way.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { exportTree, partsOf } from "../fixtures/exports.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";
import { expectExit, longshore, shell, temporaryFolder } from "../fixtures/run.ts";

const zstdMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a5e;
const seekableMagic = 0x8f92eab1;
const frameBytes = 4 * 1024 * 1024;

type Frame = { offset: number; compressed: number; start: number; size: number };

function seekTable(file: Buffer): Frame[] {
  const footer = file.length - 9;
  assert.equal(
    file.readUInt32LE(footer + 5),
    seekableMagic,
    "the archive must end with the seekable magic number",
  );
  const count = file.readUInt32LE(footer);
  const descriptor = file.readUInt8(footer + 4);
  assert.equal(descriptor & 0b0111_1100, 0, "reserved bits must be zero");
  const entryBytes = (descriptor & 0x80) === 0 ? 8 : 12;
  const table = footer - count * entryBytes;
  assert.equal(file.readUInt32LE(table - 8), skippableMagic);
  assert.equal(
    file.readUInt32LE(table - 4),
    count * entryBytes + 9,
    "the skippable frame must reach to the end of the file",
  );
  const frames: Frame[] = [];
  let [offset, start] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const compressed = file.readUInt32LE(table + index * entryBytes);
    const size = file.readUInt32LE(table + index * entryBytes + 4);
    frames.push({ offset, compressed, start, size });
    offset += compressed;
    start += size;
  }
  assert.equal(offset, table - 8, "the frames must fill the file up to the table");
  return frames;
}

function inflate(file: Buffer, frame: Frame): Buffer {
  return zstdDecompressSync(file.subarray(frame.offset, frame.offset + frame.compressed));
}

function range(file: Buffer, frames: Frame[], from: number, to: number): Buffer {
  const touched = frames.filter((frame) => frame.start < to && frame.start + frame.size > from);
  const base = touched[0]?.start ?? 0;
  return Buffer.concat(touched.map((frame) => inflate(file, frame))).subarray(from - base, to - base);
}

async function seekableArchive(
  partSize: string,
  fill: (source: string) => void,
): Promise<{ file: Buffer; plain: Buffer; parts: number }> {
  await using work = temporaryFolder();
  mkdirSync(work.join("source"));
  fill(work.join("source"));
  await exportTree([work.join("source"), work.path, "--name", "x", "--part-size", partSize]);
  expectExit(await longshore(["download", work.join("x"), "-o", work.join("joined.tar.zst")]), 0);
  expectExit(await shell('zstd -dcq "$1" > "$2"', [work.join("joined.tar.zst"), work.join("plain")]), 0);
  const parts = partsOf(work.join("x")).length;
  return { file: readFileSync(work.join("joined.tar.zst")), plain: readFileSync(work.join("plain")), parts };
}

suite("the zstd seekable format", () => {
  const trees: [name: string, partSize: string, fill: (source: string) => void][] = [
    [
      "many parts of a split file and small files",
      "5Mi",
      (source) => {
        writeFileSync(`${source}/big`, mixedBytes(33 * 1024 * 1024 + 11, "big"));
        for (let index = 0; index < 3000; index += 1)
          writeFileSync(`${source}/small ${index}`, mixedBytes(index, `${index}`));
      },
    ],
    ["one small part", "64Mi", (source) => writeFileSync(`${source}/only`, "a few bytes")],
    ["an empty tree", "64Mi", () => {}],
  ];
  for (const [name, partSize, fill] of trees) {
    test(name, async () => {
      const { file, plain, parts } = await seekableArchive(partSize, fill);
      const frames = seekTable(file);
      assert.ok(frames.length >= parts, "every part but the tail must have a frame");
      assert.equal(
        frames.reduce((sum, frame) => sum + frame.size, 0),
        plain.length,
      );
      for (const frame of frames) {
        const magic = file.readUInt32LE(frame.offset);
        if (frame.size === 0)
          assert.equal(magic >>> 4, skippableMagic >>> 4, "an empty frame must be skippable");
        else assert.equal(magic, zstdMagic, `frame at ${frame.offset}`);
        assert.ok(frame.size <= frameBytes, "a frame must not be larger than 4 MiB");
        const bytes = frame.size === 0 ? Buffer.alloc(0) : inflate(file, frame);
        assert.ok(
          bytes.equals(plain.subarray(frame.start, frame.start + frame.size)),
          `frame at ${frame.offset} must decompress alone`,
        );
      }
      for (let index = 0; index < 50; index += 1) {
        const from = Math.floor((plain.length * ((index * 7919) % 1000)) / 1000);
        const to = Math.min(plain.length, from + 1 + index * 40_009);
        assert.ok(range(file, frames, from, to).equals(plain.subarray(from, to)), `bytes ${from} to ${to}`);
      }
    });
  }
});
