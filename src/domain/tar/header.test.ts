import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writeHeader } from "./header.ts";
import type { HeaderFields } from "./header.ts";

const usual: HeaderFields = {
  name: "a/b",
  mode: 0o644,
  uid: 1000,
  gid: 0,
  size: 5,
  mtime: 1_700_000_000,
  type: 0x30,
  link: "",
  major: undefined,
  minor: undefined,
};

function headerOf(fields: Partial<HeaderFields>): string {
  const block = new Uint8Array(1024).fill(0xaa);
  writeHeader(block, 300, { ...usual, ...fields });
  assert.ok(block.subarray(0, 300).every((byte) => byte === 0xaa));
  assert.ok(block.subarray(812).every((byte) => byte === 0xaa));
  return Buffer.from(block.subarray(300, 812)).toString("latin1");
}

describe("header", () => {
  const cases: [name: string, fields: Partial<HeaderFields>, start: number, bytes: string][] = [
    ["name", {}, 0, "a/b\0\0"],
    ["name of exactly 100 bytes", { name: "n".repeat(100) }, 0, `${"n".repeat(100)}0000644\0`],
    ["name of more", { name: `${"n".repeat(100)}x` }, 0, `${"n".repeat(100)}0000644\0`],
    ["raw bytes of a name", { name: "\xff\n" }, 0, "\xff\n\0"],
    ["mode", { mode: 0o7777 }, 100, "0007777\0"],
    ["owner", {}, 108, "0001750\x000000000\0"],
    ["largest octal owner", { uid: 0o7777777 }, 108, "7777777\0"],
    ["owner in base-256", { uid: 0o10000000 }, 108, "\x80\0\0\0\0\x20\0\0"],
    ["largest owner", { gid: 0xfffffffe }, 116, "\x80\0\0\0\xff\xff\xff\xfe"],
    ["size", {}, 124, "00000000005\0"],
    ["largest octal size", { size: 8 * 2 ** 30 - 1 }, 124, "77777777777\0"],
    ["size in base-256", { size: 8 * 2 ** 30 }, 124, "\x80\0\0\0\0\0\0\x02\0\0\0\0"],
    ["time", {}, 136, "14524770400\0"],
    ["time before 1970", { mtime: -1 }, 136, "\xff".repeat(12)],
    [
      "time long before 1970",
      { mtime: -(2 ** 32) - 2 },
      136,
      "\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff\xfe",
    ],
    ["time in base-256", { mtime: 2 ** 33 }, 136, "\x80\0\0\0\0\0\0\x02\0\0\0\0"],
    ["type, link and magic", { type: 0x32, link: "to" }, 156, "2to\0"],
    ["magic", {}, 257, `ustar  \0${"\0".repeat(32)}`],
    ["no device", {}, 329, "\0".repeat(16)],
    ["device", { type: 0x33, major: 8, minor: 1 }, 329, "0000010\x000000001\0"],
    ["large device", { type: 0x33, major: 8, minor: 0o10000000 }, 337, "\x80\0\0\0\0\x20\0\0"],
  ];
  for (const [name, fields, start, bytes] of cases) {
    test(name, () => assert.equal(headerOf(fields).slice(start, start + bytes.length), bytes));
  }

  test("checksum counts itself as spaces", () => {
    for (const [, fields] of cases) {
      const header = headerOf(fields);
      const blank = `${header.slice(0, 148)}        ${header.slice(156)}`;
      const sum = Buffer.from(blank, "latin1").reduce((total, byte) => total + byte, 0);
      assert.equal(header.slice(148, 156), `${sum.toString(8).padStart(6, "0")}\0 `);
    }
  });
});
