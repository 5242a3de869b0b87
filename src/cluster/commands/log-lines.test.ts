import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { logLines } from "./log-lines.ts";

async function* chunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const size of sizes) {
    yield bytes.subarray(from, from + size);
    from += size;
  }
  yield bytes.subarray(from);
}

const linesOf = async (text: string, sizes: readonly number[] = []) =>
  Array.fromAsync(logLines(chunks(Buffer.from(text), sizes)));

test("a line has its time in nanoseconds, however it was written", async () => {
  const times: readonly (readonly [string, bigint])[] = [
    ["1970-01-01T00:00:01Z", 1_000_000_000n],
    ["1970-01-01T00:00:00.000000001Z", 1n],
    ["1970-01-01T00:00:00.12Z", 120_000_000n],
    ["1970-01-01T02:00:00.5+02:00", 500_000_000n],
  ];
  for (const [time, nanoseconds] of times)
    assert.deepEqual(await linesOf(`${time} said  so\n`), [{ time: nanoseconds, text: "said  so" }]);
});

test("what tells no time is kept whole", async () => {
  for (const text of ["unable to retrieve container logs", "2026-01-01 x", "9999-99-99T99:99:99Z x", ""])
    assert.deepEqual(await linesOf(`${text}\n`), [{ time: undefined, text }]);
});

test("lines do not depend on how they came", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", " "))),
      fc.array(fc.nat(20)),
      async (texts, sizes) => {
        const lines = await linesOf(texts.map((text) => `1970-01-01T00:00:01Z ${text}\n`).join(""), sizes);
        assert.deepEqual(
          lines.map(({ text }) => text),
          texts,
        );
      },
    ),
  ));

test("a line without an end is given in pieces", async () => {
  const lines = await linesOf("x".repeat(200_000), [70_000, 70_000]);
  assert.equal(lines.map(({ text }) => text).join(""), "x".repeat(200_000));
  assert.ok(lines.every(({ text }) => text.length <= 65_536));
});
