import assert from "node:assert/strict";
import { test } from "node:test";
import { isSafePath } from "./safe-path.ts";

test("only what stays inside is safe", () => {
  for (const path of ["a", "a/", "a/b", ".a", "..a", "a.", "a..", "...", "a/.../b", " ", "\n", "\xff/"])
    assert.equal(isSafePath(path), true, path);
  for (const path of [
    "",
    "/",
    "/a",
    "a//",
    "a//b",
    ".",
    "..",
    "./",
    "../",
    "./a",
    "a/.",
    "a/..",
    "a/./b",
    "a/../b",
    "a\0",
  ])
    assert.equal(isSafePath(path), false, path);
});
