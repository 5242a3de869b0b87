import assert from "node:assert/strict";
import { test } from "node:test";
import { pathFilter } from "./path-filter.ts";

test("folders are entered only where something below can be selected", () => {
  const table: [include: string[], exclude: string[], entered: string[], passed: string[]][] = [
    [[], [], ["a/", "a/b/"], []],
    [[], ["b/"], ["a/"], ["b/", "a/b/"]],
    [["/a/b/*.csv"], [], ["a/", "a/b/", "a/b/c/"], ["b/", "a/c/", "ab/"]],
    [["/a/b"], [], ["a/", "a/b/", "a/b/c/"], ["b/", "a/c/"]],
    [["/a/b/"], [], ["a/", "a/b/", "a/b/c/"], ["b/", "a/c/"]],
    [["*.csv"], [], ["a/", "a/b/"], []],
    [["b/"], [], ["a/", "a/b/", "c/"], []],
    [["/a/**/x"], [], ["a/", "a/b/"], ["b/"]],
    [["a/b?/x"], [], ["a/", "a/c/"], ["b/"]],
    [["/a\\*/x"], [], ["a*/", "b/"], []],
    [["/a/x", "!/c/y"], [], ["a/", "b/", "c/"], []],
    [["/a/"], ["/a/b/"], ["a/", "a/c/"], ["a/b/", "c/"]],
    [["/gr\u00fc\u00dfe/x"], [], ["gr\xc3\xbc\xc3\x9fe/"], ["gr/"]],
  ];
  for (const [include, exclude, entered, passed] of table) {
    const filter = pathFilter(include, exclude);
    const named = `${include.join(" ")} but ${exclude.join(" ")}`;
    for (const folder of entered) assert.ok(filter.enters(folder), `${named} enters ${folder}`);
    for (const folder of passed) assert.ok(!filter.enters(folder), `${named} passes ${folder}`);
  }
});

test("selection is by gitignore rules, case and all", () => {
  const filter = pathFilter(["*.csv", "!secret.csv", "/docs/"], ["*.tmp", "cache/"]);
  for (const path of ["a.csv", "x/a.csv", "docs/", "docs/a", "docs/x/y", "..csv"])
    assert.ok(filter.selects(path), path);
  for (const path of [
    "a.CSV",
    "secret.csv",
    "x/secret.csv",
    "docs/a.tmp",
    "a",
    "docs/cache/",
    "docs/cache/a",
    "x/docs/a",
  ])
    assert.ok(!filter.selects(path), path);
});

test("many questions change no answer", () => {
  const filter = pathFilter(["*.csv"], []);
  for (let i = 0; i < 45_000; i++)
    assert.equal(filter.selects(`d/${i}.${i % 2 === 0 ? "csv" : "txt"}`), i % 2 === 0);
});
