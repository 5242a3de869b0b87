import assert from "node:assert/strict";
import { test } from "node:test";
import type { Archive } from "./archive.ts";
import { leftOver } from "./left-over.ts";
import type { ArchiveState } from "./state-file.ts";

const part = (number: number, offset: number, size: number) => ({
  number,
  object: `parts/${number}`,
  offset,
  size,
  sha256: "a".repeat(64),
});
const archive: Archive = {
  parts: [part(0, 0, 10), part(1, 10, 10), part(2, 20, 0), part(3, 20, 5)],
  size: 25,
  manifestSha256: "b".repeat(64),
};
const stamp = { size: 18, mtime: "7" };
const state: ArchiveState = {
  formatVersion: 1,
  kind: "archive",
  manifest: archive.manifestSha256,
  size: 25,
  etag: '"t"',
  done: [0],
  running: [{ part: 1, bytes: 6 }],
  stamp,
};

test("what of a growing file is believed", () => {
  const { stamp: _stamp, ...unstamped } = state;
  const table: [
    what: string,
    state: ArchiveState | undefined,
    size: number,
    done: number[],
    running: object,
  ][] = [
    ["a file as it was left", state, 18, [0], [[1, 6]]],
    [
      "a killed download",
      unstamped,
      18,
      [],
      [
        [0, 10],
        [1, 6],
      ],
    ],
    [
      "a file that was touched",
      { ...state, stamp: { ...stamp, mtime: "8" } },
      18,
      [],
      [
        [0, 10],
        [1, 6],
      ],
    ],
    [
      "a file that was cut",
      state,
      13,
      [],
      [
        [0, 10],
        [1, 3],
      ],
    ],
    ["a file that was emptied", state, 0, [], []],
    [
      "another manifest",
      { ...state, manifest: "c".repeat(64) },
      18,
      [],
      [
        [0, 10],
        [1, 8],
      ],
    ],
    [
      "another size",
      { ...state, size: 26 },
      18,
      [],
      [
        [0, 10],
        [1, 8],
      ],
    ],
    [
      "no state",
      undefined,
      22,
      [],
      [
        [0, 10],
        [1, 10],
        [3, 2],
      ],
    ],
    ["parts that are not there", { ...unstamped, done: [9], running: [{ part: 8, bytes: 1 }] }, 18, [], []],
    [
      "more than a part has",
      { ...unstamped, running: [{ part: 1, bytes: 99 }] },
      25,
      [],
      [
        [0, 10],
        [1, 10],
      ],
    ],
  ];
  for (const [what, said, size, done, running] of table) {
    const left = leftOver(archive, said, { size, mtime: "7" });
    assert.deepEqual([[...left.done], [...left.running]], [done, running], what);
  }
});

test("the tag is that of the same manifest", () => {
  assert.equal(leftOver(archive, state, stamp).etag, '"t"');
  assert.equal(leftOver(archive, { ...state, manifest: "c".repeat(64) }, stamp).etag, undefined);
});
