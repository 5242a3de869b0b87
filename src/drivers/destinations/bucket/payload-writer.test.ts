import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { mixedBytes } from "../../../../test/fixtures/mixed-bytes.ts";
import { temporaryFolder } from "../../../../test/fixtures/run.ts";
import { MemoryBudget, PayloadWriter } from "./payload-writer.ts";

const mebibyte = 2 ** 20;

async function contentOf(opened: Uint8Array | AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(opened instanceof Uint8Array ? [opened] : await Array.fromAsync(opened));
}

describe("an object on its way", () => {
  const sizes = [0, 1, 65_535, 65_536, 65_537, mebibyte, 3 * mebibyte, 5 * mebibyte + 3];
  for (const memory of [0, 100_000, 2 * mebibyte, 64 * mebibyte])
    test(`is what was written, as often as it is read, with ${memory} bytes of memory`, async () => {
      await using work = temporaryFolder();
      const budget = new MemoryBudget(memory);
      for (const size of sizes) {
        const bytes = mixedBytes(size, `${size}`);
        using writer = new PayloadWriter({ budget, scratch: work.path, md5: true });
        const buffer = Buffer.alloc(100_000);
        for (let from = 0; from < size; from += buffer.length) {
          const length = bytes.copy(buffer, 0, from, from + buffer.length);
          writer.write(buffer.subarray(0, length));
        }
        buffer.fill(0);
        const payload = writer.finish();
        assert.deepEqual([payload.size, writer.size], [size, size]);
        assert.equal(payload.sha256, createHash("sha256").update(bytes).digest("hex"));
        assert.equal(payload.md5, createHash("md5").update(bytes).digest("hex"));
        for (const _time of [1, 2]) assert.ok((await contentOf(payload.open())).equals(bytes));
        assert.deepEqual(readdirSync(work.path), [], "a scratch file has no name that could be left behind");
      }
      assert.equal(budget.take(memory)?.length, memory, "everything was given back");
    });

  test("takes memory that another no longer needs, and never that of one that does", async () => {
    const budget = new MemoryBudget(4 * mebibyte);
    const place = { budget, scratch: "/nowhere" };
    using kept = new PayloadWriter(place);
    kept.write(mixedBytes(mebibyte, "kept"));
    let before: Buffer | undefined;
    for (const seed of ["first", "second", "third"]) {
      using writer = new PayloadWriter(place);
      const bytes = mixedBytes(mebibyte, seed);
      writer.write(bytes);
      const payload = writer.finish();
      const [first] = await Array.fromAsync(payload.open() as AsyncIterable<Buffer>);
      before ??= first;
      assert.equal(first?.buffer, before?.buffer);
      assert.ok((await contentOf(payload.open())).equals(bytes));
    }
    assert.ok((await contentOf(kept.finish().open())).equals(mixedBytes(mebibyte, "kept")));
  });

  test("that finds no room says where", async () => {
    using writer = new PayloadWriter({ budget: new MemoryBudget(0), scratch: import.meta.filename });
    assert.throws(() => writer.write(Buffer.alloc(1)), { code: "ScratchFailed", message: /payload-writer/ });
  });
});
