import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatBytes, formatQuantity, parseQuantity } from "./quantity.ts";

test("sizes are read as Kubernetes writes them", () => {
  const table: [string, number][] = [
    ["0", 0],
    ["1", 1],
    ["007", 7],
    ["64Mi", 67_108_864],
    ["1.5Gi", 1_610_612_736],
    ["0.5Ki", 512],
    ["500M", 500_000_000],
    ["0.067G", 67_000_000],
    ["1.000000001G", 1_000_000_001],
    ["2k", 2000],
    ["1T", 1e12],
    ["1P", 1e15],
    ["1Ti", 2 ** 40],
    ["7.5Pi", 7.5 * 2 ** 50],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["64E6", 64_000_000],
    ["1e6", 1_000_000],
    ["1e+3", 1000],
    ["12e-1", 2],
    [".5Gi", 2 ** 29],
    ["5.Mi", 5 * 2 ** 20],
    ["+64Mi", 2 ** 26],
    ["-0", 0],
    ["0Ei", 0],
    [".001E", 1e15],
    [".001Ei", Math.ceil(2 ** 60 / 1000)],
    ["65536000m", 65_536],
    ["1500000u", 2],
    ["1n", 1],
    // Rounded up, as Quantity.Value does.
    ["1.5", 2],
    ["0.3Ki", 308],
    ["1m", 1],
    ["1e-99", 1],
  ];
  for (const [text, bytes] of table) assert.equal(parseQuantity(text), bytes, text);
});

test("what is no quantity, is negative or beyond exact numbers is no size", () => {
  const table = [
    "",
    " 1",
    "1 ",
    "-1",
    "-1n",
    "--1",
    "+",
    ".",
    "1mi",
    "1KB",
    "1K",
    "1ki",
    "1e",
    "1e3k",
    "1e1.5",
    "1Ki3",
    "0x10",
    "Mi",
    ".Mi",
    "1..5",
    "1e99",
    "1E",
    "1Ei",
    "9".repeat(65),
  ];
  for (const text of [...table, "1Mi\n", "9007199254740992", "9Pi", "1,5Gi", "１Mi", "NaN", "Infinity"])
    assert.equal(parseQuantity(text), undefined, JSON.stringify(text));
});

test("decimals are exact", () => {
  fc.assert(
    fc.property(fc.nat(999), fc.nat(999), (whole, thousandths) => {
      const text = `${whole}.${String(thousandths).padStart(3, "0")}`;
      assert.equal(parseQuantity(`${text}M`), whole * 1e6 + thousandths * 1000);
      assert.equal(parseQuantity(`${text}T`), whole * 1e12 + thousandths * 1e9);
    }),
  );
});

test("every way to write a number of bytes is read alike", () => {
  const size = fc.integer({ min: 0, max: 9_000_000_000 });
  fc.assert(
    fc.property(size, fc.integer({ min: 0, max: 9 }), (bytes, shift) => {
      const digits = String(bytes).padStart(shift + 1, "0");
      const moved = `${digits.slice(0, digits.length - shift)}.${digits.slice(digits.length - shift)}`;
      const ways = [`+${bytes}`, `${bytes}.`, `${bytes}000m`, `${bytes}000000u`, `${moved}e${shift}`];
      ways.push(`${bytes}${"0".repeat(shift)}E-${shift}`, `${moved}E+${shift}`);
      for (const text of ways) assert.equal(parseQuantity(text), bytes, text);
    }),
  );
});

test("what is more or equal as a quantity is more or equal in bytes", () => {
  const suffix = fc.constantFrom("n", "u", "m", "", "k", "Ki", "M", "Mi", "G", "Gi", "e3", "E-2");
  fc.assert(
    fc.property(fc.nat(10 ** 6), fc.nat(10 ** 6), suffix, (one, other, unit) => {
      const [less = 0, more = 0] = [one, other].toSorted((a, b) => a - b);
      assert.ok((parseQuantity(`${less}${unit}`) ?? Infinity) <= (parseQuantity(`${more}${unit}`) ?? -1));
    }),
  );
});

test("sizes are shown with at most four digits", () => {
  const table: [number, string][] = [
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1536, "1.5 KiB"],
    [102_400, "100 KiB"],
    [1_048_575, "1.0 MiB"],
    [2 ** 20, "1.0 MiB"],
    [2 ** 30 * 2.25, "2.3 GiB"],
    [2 ** 40, "1.0 TiB"],
    [2 ** 50 * 5000, "5000 PiB"],
  ];
  for (const [bytes, text] of table) assert.equal(formatBytes(bytes), text, `${bytes}`);
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.integer({ min: 0, max: 20 }), (bytes, shift) => {
      const [number = "", unit = ""] = formatBytes(Math.floor(bytes * 2 ** shift)).split(" ");
      assert.ok(Number(number) < 1024 && ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].includes(unit), number);
    }),
  );
});

test("a quantity is shown so that it can be read again", () => {
  const table: [number, string][] = [
    [0, "0"],
    [1023, "1023"],
    [1024, "1Ki"],
    [1536, "1.5Ki"],
    [1_048_575, "1Mi"],
    [2 ** 30 * 1.24, "1.2Gi"],
    [2 ** 30 * 10, "10Gi"],
    [2 ** 40 * 100, "100Ti"],
  ];
  for (const [bytes, text] of table) assert.equal(formatQuantity(bytes), text, `${bytes}`);
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.integer({ min: 0, max: 20 }), (bytes, shift) => {
      const size = Math.floor(bytes * 2 ** shift);
      const [, number = "", suffix = ""] = /^(\d+(?:\.\d)?)(\D*)$/.exec(formatQuantity(size)) ?? [];
      const unit = parseQuantity(`1${suffix}`) ?? Number.NaN;
      assert.ok(Math.abs(Number(number) * unit - size) <= 0.05 * Math.max(unit, size), `${number}${suffix}`);
    }),
  );
});
