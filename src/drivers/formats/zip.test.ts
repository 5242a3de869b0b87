import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { describe, test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { entry, packTree } from "../../../test/conformance/archive-tree.ts";
import { isPresent, readers } from "../../../test/conformance/archive-readers.ts";
import { readBy, testFormat } from "../../../test/conformance/format.ts";
import { zip } from "./zip.ts";

testFormat(zip);

describe("more than 65,535 entries", () => {
  const entries = Array.from({ length: 70_000 }, (_, i) =>
    entry(`f${i}`, i % 1000 === 0 ? "directory" : "file"),
  );
  const named = entries.map((one) => (one.type === "directory" ? { ...one, path: `${one.path}/` } : one));
  const tree = packTree(zip, 6, [named.slice(0, 30_000), named.slice(30_000)]);
  for (const reader of (readers["zip"] ?? []).filter(({ extracts }) => !extracts)) {
    const skip = isPresent(reader.program) ? false : `${reader.program} is not installed`;
    test(`are read by ${reader.program}`, { skip }, () => readBy(reader, "C.UTF-8", tree, named));
  }
});

describe("decoding an entry", () => {
  const content = randomBytes(3_000_000);
  const stored = deflateRawSync(content);
  const { signal } = new AbortController();
  async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
    for (const part of parts) {
      await setImmediate();
      yield part;
    }
  }
  async function read(source: AsyncIterable<Uint8Array>, until = signal): Promise<Buffer> {
    const result: Uint8Array[] = [];
    for await (const bytes of zip.decodeEntry(source, until)) result.push(bytes);
    return Buffer.concat(result);
  }

  test("gives its content", async () => {
    assert.ok((await read(chunks(stored.subarray(0, 5), stored.subarray(5)))).equals(content));
  });
  for (const [name, source] of [
    ["too short", [stored.subarray(0, -1)]],
    ["too long by a byte of the same chunk", [Buffer.concat([stored, Buffer.from("x")])]],
    ["too long by a chunk", [stored, Buffer.from("x")]],
    ["too long by many chunks", [stored, ...Array.from({ length: 20 }, () => Buffer.alloc(100_000))]],
    ["other bytes", [Buffer.alloc(100, 0xff)]],
    ["nothing", []],
  ] as const) {
    test(`${name} is Damaged`, () => assert.rejects(read(chunks(...source)), { code: "Damaged" }));
  }

  test("an error of the source comes through", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield stored.subarray(0, 1000);
      throw new Error("gone");
    }
    await assert.rejects(read(failing()), { message: "gone" });
  });

  test("ends when it is aborted", async () => {
    const controller = new AbortController();
    async function* aborting(): AsyncGenerator<Uint8Array> {
      yield stored.subarray(0, 1000);
      controller.abort();
      yield stored.subarray(1000);
    }
    await assert.rejects(read(aborting(), controller.signal), { name: "AbortError" });
  });

  test("a consumer that stops early ends the source", async () => {
    let ended = false;
    async function* watched(): AsyncGenerator<Uint8Array> {
      try {
        for (let i = 0; i < stored.length; i += 65_536) yield stored.subarray(i, i + 65_536);
      } finally {
        ended = true;
      }
    }
    for await (const _ of zip.decodeEntry(watched(), signal)) break;
    assert.ok(ended);
  });
});
