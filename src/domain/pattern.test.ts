import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPattern } from "./pattern.ts";

test("patterns that can match something pass", () => {
  const patterns = [
    "a",
    "*.csv",
    "**/*.csv",
    "/a/b",
    "a/",
    "!a",
    "!/a",
    "\\#a",
    "\\!a",
    "a#b",
    ".git",
    ".a/",
    "..a",
    "...",
    "a.",
  ];
  for (const pattern of [
    ...patterns,
    "a/..b",
    "[ab]",
    "[!a]",
    "[]]",
    "[^]x]",
    "[a]]",
    "\\[",
    "a]",
    "\\\\",
    "a\\ ",
    "ü",
    "?",
    "*",
  ])
    assert.doesNotThrow(() => checkPattern("--include", pattern), JSON.stringify(pattern));
});

test("patterns that never match are refused with the reason", () => {
  const table: [string, RegExp][] = [
    ["", /is empty/],
    ["  \t", /is empty/],
    ["a\0b", /zero byte/],
    ["#a", /comment, write \\#/],
    ["a\\", /lone backslash/],
    ["a\\\\\\", /lone backslash/],
    ["\\", /lone backslash/],
    ["/", /names nothing/],
    ["!", /names nothing/],
    ["!//", /names nothing/],
    [".", /begins with/],
    ["./a", /begins with/],
    ["../a", /begins with/],
    ["!./a", /begins with/],
    ["..", /begins with/],
    ["[", /\[ without its \]/],
    ["a[bc", /\[ without its \]/],
    ["[]", /\[ without its \]/],
    ["[!]", /\[ without its \]/],
    ["[a][b", /\[ without its \]/],
  ];
  for (const [pattern, message] of table)
    assert.throws(
      () => checkPattern("--exclude", pattern),
      { code: "InvalidPattern", message },
      JSON.stringify(pattern),
    );
});

test("the error names the option and shows the pattern in one line", () => {
  assert.throws(() => checkPattern("--exclude", "a\nb["), {
    message: '--exclude "a\\nb[" has a [ without its ]',
  });
});
