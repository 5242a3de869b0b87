import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { MemoryDestination } from "../../test/fixtures/memory-destination.ts";
import { sha256 } from "./digest.ts";
import { createLineWriter, type LineFrames } from "./line-frames.ts";
import { readLines } from "./lines.ts";

const { signal } = new AbortController();
const mebibyte = 2 ** 20;

interface Written {
  readonly bytes: Buffer;
  readonly text: string;
  readonly firsts: readonly boolean[];
  readonly frames: LineFrames;
}

async function write(lines: readonly string[]): Promise<Written> {
  const destination = new MemoryDestination();
  const writer = await destination.create("tmp/lines", signal);
  let text = "";
  const out = createLineWriter(writer, (chunk) => (text += Buffer.from(chunk).toString()));
  const firsts = lines.map((line) => out.add(line));
  const frames = out.finish();
  await writer.commit("lines");
  return { bytes: Buffer.from(destination.objects.get("lines") ?? assert.fail()), text, firsts, frames };
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

const read = async (bytes: Uint8Array, size = 65_536): Promise<string[]> =>
  (await Array.fromAsync(readLines(chunked(bytes, size), "the plan", signal))).flat();

test("lines come back as they were written, however the bytes come", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme" }).map((line) => line.replaceAll("\n", ""))),
      fc.integer({ min: 1, max: 50 }),
      async (lines, size) => {
        const { bytes, text, frames } = await write(lines);
        assert.deepEqual(await read(bytes, size), lines);
        assert.equal(text, lines.map((line) => `${line}\n`).join(""));
        assert.deepEqual(
          [frames.lines, frames.size, frames.sha256],
          [lines.length, bytes.length, sha256(bytes)],
        );
      },
    ),
    { numRuns: 50 },
  );
});

test("frames hold at most a mebibyte of lines, stand alone, and are found by what is said of them", async () => {
  for (const character of ["x", "\u00fc", "\u4e16"]) {
    const lines = Array.from({ length: 4000 }, (_, i) => `${i}${character.repeat(i % 1000)}`);
    const { bytes, firsts, frames } = await write(lines);
    assert.ok(frames.frames.length > 1);
    const found = frames.frames.map(({ firstLine, lines: count, offset, size }) => {
      assert.ok(firsts[firstLine]);
      const text = zstdDecompressSync(bytes.subarray(offset, offset + size));
      assert.ok(text.length <= mebibyte, `${text.length} bytes of ${character}`);
      const inFrame = text.toString().split("\n").slice(0, -1);
      assert.equal(inFrame.length, count);
      return inFrame;
    });
    assert.deepEqual(found.flat(), lines);
    assert.equal(firsts.filter(Boolean).length, frames.frames.length);
    assert.deepEqual(await read(bytes, 10_000), lines);
  }
});

test("a line longer than a frame is a frame of its own", async () => {
  const lines = ["a", "b".repeat(2 * mebibyte), "c"];
  const { bytes, frames } = await write(lines);
  assert.deepEqual(
    frames.frames.map(({ lines: count }) => count),
    [1, 1, 1],
  );
  assert.deepEqual(await read(bytes), lines);
});

test("the same lines give the same bytes", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `${i * 7919} and some more`);
  assert.deepEqual((await write(lines)).bytes, (await write(lines)).bytes);
});

test("bytes that are no frames of lines are Damaged, and named", async () => {
  const { bytes } = await write(["a", "b".repeat(1000)]);
  const swelling = zstdCompressSync(Buffer.alloc(64 * mebibyte), {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  });
  const flipped = Buffer.from(bytes);
  flipped[bytes.length - 2] = (flipped[bytes.length - 2] ?? 0) ^ 1;
  const damaged: Record<string, Uint8Array> = {
    "no frames": Buffer.from("no frames at all"),
    "cut short": bytes.subarray(0, -1),
    "a byte too much": Buffer.concat([bytes, Buffer.from("x")]),
    "a wrong checksum": flipped,
    "a frame that swells beyond all measure": swelling,
  };
  for (const [name, given] of Object.entries(damaged)) {
    for (const size of [7, 65_536])
      await assert.rejects(read(given, size), { code: "Damaged", message: /the plan/ }, name);
  }
});

test("reading ends when it is cancelled", async () => {
  const { bytes } = await write(["a"]);
  const lines = readLines(chunked(bytes, 10), "the plan", AbortSignal.abort(new Error("enough")));
  await assert.rejects(Array.fromAsync(lines), { message: "enough" });
});
