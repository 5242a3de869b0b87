import assert from "node:assert/strict";
import { test } from "node:test";
import { choice, collectPattern, integer, size } from "./option-values.ts";

const invalid = (message: RegExp): object => ({ code: "InvalidArgument", message });

test("a choice is one of its values", () => {
  const parse = choice("--format", ["tar", "zip"]);
  assert.equal(parse("zip"), "zip");
  for (const value of ["", "ZIP", "zi", "tar,zip", "constructor"])
    assert.throws(() => parse(value), invalid(/^--format ".*" is not one of tar, zip$/), value);
});

test("a whole number is within its bounds", () => {
  const parse = integer("--workers", 1, 64);
  assert.deepEqual(["1", "64", "007"].map(parse), [1, 64, 7]);
  for (const value of [
    "",
    "0",
    "65",
    "-1",
    "+1",
    "1.0",
    "1e1",
    "0x10",
    " 1",
    "1\n",
    "9999999999",
    "NaN",
    "\u0661",
  ])
    assert.throws(() => parse(value), invalid(/^--workers .* is not a whole number from 1 to 64$/), value);
  assert.equal(integer("--level", 0, 9)("0"), 0);
});

test("a size is a quantity of at least so much", () => {
  const parse = size("--part-size", 64 * 1024);
  assert.deepEqual(
    ["64Ki", "1.5Gi", "500M", "65536"].map(parse),
    [65_536, 1_610_612_736, 500_000_000, 65_536],
  );
  for (const value of ["", "64MB", "-1Mi", "1.5.1", "all", "64 Mi"])
    assert.throws(() => parse(value), invalid(/^--part-size .* is not a size such as 64Mi/), value);
  for (const value of ["0", "1", "63Ki", "65535"])
    assert.throws(() => parse(value), invalid(/^--part-size .* is not at least 64Ki$/), value);
});

test("patterns gather in order, and a bad one is refused", () => {
  const collect = collectPattern("--include");
  const before = ["a"];
  assert.deepEqual(collect("*.csv", before), ["a", "*.csv"]);
  assert.deepEqual(before, ["a"]);
  assert.throws(() => collect("[", before), { code: "InvalidPattern", message: /^--include "\["/ });
});

test("what a person typed is shown in one line", () => {
  assert.throws(() => integer("--level", 1, 2)('1\n"2'), { message: /^--level "1\\n\\"2" is not/ });
});
