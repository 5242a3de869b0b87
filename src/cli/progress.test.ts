import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { progressLine, showProgress, type ProgressState } from "./progress.ts";

const mebibyte = 2 ** 20;
const halfway: ProgressState = {
  done: 50 * mebibyte,
  total: 100 * mebibyte,
  open: false,
  parts: { done: 1, total: 3 },
  files: 1234,
};

test("says parts, files, bytes, rate and time left", () => {
  assert.equal(
    progressLine("reports", halfway, { seconds: 10, columns: 200 }),
    "reports  [##########----------]  1/3 parts  1,234 files  50.0 MiB of 100 MiB  5.0 MiB/s  0:10 left",
  );
});

test("says what it does not know yet by leaving it out, or by a +", () => {
  const open = { ...halfway, open: true };
  assert.equal(
    progressLine("reports", open, { seconds: 10, columns: 200 }),
    "reports  [##########----------]  1/3+ parts  1,234 files  50.0 MiB of 100 MiB+  5.0 MiB/s",
  );
  assert.equal(
    progressLine("x", { done: 0, total: 0, open: false }, { seconds: 0.1, columns: 200 }),
    "x  [--------------------]  0 B of 0 B",
  );
});

test("long times have hours, and more done than planned is no negative time", () => {
  assert.match(
    progressLine("x", { ...halfway, done: mebibyte }, { seconds: 100, columns: 200 }),
    /  2:45:00 left$/,
  );
  assert.match(
    progressLine("x", { ...halfway, done: 101 * mebibyte }, { seconds: 1, columns: 200 }),
    /\[#{20}\].*  0:00 left$/,
  );
});

test("is never as wide as the terminal, whatever it says", () => {
  const state = fc.record({
    done: fc.nat(2 ** 31).map((bytes) => bytes * 1000),
    total: fc.nat(2 ** 31).map((bytes) => bytes * 1000),
    open: fc.boolean(),
    parts: fc.record({ done: fc.nat(), total: fc.nat() }),
    files: fc.nat(),
  });
  fc.assert(
    fc.property(
      fc.string(),
      state,
      fc.integer({ min: 0, max: 200 }),
      fc.nat(100_000),
      (label, given, columns, seconds) => {
        const line = progressLine(label, given, { seconds, columns });
        assert.ok(line.length <= Math.max(0, columns - 1));
      },
    ),
  );
});

test("is drawn on a terminal until it is disposed, and nowhere else", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const written: string[] = [];
  const output = {
    isTerminal: true,
    columns: 80,
    write: async (text: string | Uint8Array) => void written.push(String(text)),
  };
  {
    await using progress = showProgress(
      output,
      "reports",
      () => halfway,
      () => 0,
    );
    context.mock.timers.tick(200);
    assert.ok(written[0]?.startsWith("\rreports ") && written[0].endsWith("\x1b[K"));
    await progress.clear();
  }
  assert.equal(written.at(-1), "\r\x1b[K");
  const drawn = written.length;
  context.mock.timers.tick(200);
  assert.equal(written.length, drawn, "a timer is left");

  {
    await using silent = showProgress(
      { ...output, isTerminal: false },
      "reports",
      () => halfway,
      () => 0,
    );
    await silent.clear();
  }
  assert.equal(written.length, drawn);
});
