import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DifferenceReason, EntryType, PlannedEntry } from "./entry.ts";
import { byteStringOf } from "./byte-string.ts";
import { indexLine, parseIndexLine, parsePlanLine, type Placement, planLine } from "./plan-line.ts";

const types: EntryType[] = [
  "file",
  "directory",
  "symlink",
  "hardlink",
  "fifo",
  "character-device",
  "block-device",
  "socket",
  "unknown",
];
const reasons: DifferenceReason[] = ["changed", "vanished", "unreadable", "unsupported"];
/** Texts that look like the line's own syntax. */
const tricks = [
  ',"ctime":',
  '","ctime":"1"',
  '\\","ctime":',
  '"}',
  '{"path":"x"}',
  ',"offset":1',
  "\n",
  "\\",
  '\\"',
];

const names = fc
  .array(
    fc.oneof(
      fc.constantFrom(...tricks),
      fc.uint8Array({ maxLength: 8 }).map(byteStringOf),
      fc.string({ maxLength: 10 }),
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((pieces) => pieces.join(""));
const size = fc.nat(Number.MAX_SAFE_INTEGER);
const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });
const nanoseconds = fc.bigInt(-(2n ** 63n), 2n ** 63n);

/** What each optional member may be; absent members are not there at all. */
const entries: fc.Arbitrary<PlannedEntry> = fc.record(
  {
    path: names,
    type: fc.constantFrom(...types),
    mode: fc.nat(0o7777),
    uid: fc.nat(0xffffffff),
    gid: fc.nat(0xffffffff),
    mtime: nanoseconds,
    ctime: nanoseconds,
    inode: fc.bigInt(0n, 2n ** 64n - 1n),
    size,
    linkTarget: names,
    rdev: plain({ major: fc.nat(0xffffffff), minor: fc.nat(0xffffffff) }),
    piece: plain({ start: size, length: size }),
    difference: fc.constantFrom(...reasons),
  },
  {
    requiredKeys: ["path", "type", "mode", "uid", "gid", "mtime", "ctime", "inode", "size"],
    noNullPrototype: true,
  },
);

const placements: fc.Arbitrary<Placement> = fc.record(
  {
    offset: size,
    crc32: fc.nat(0xffffffff),
    storedSize: size,
    size,
    sha256: fc.constant("ab".repeat(32)),
    difference: fc.constantFrom(...reasons),
  },
  { requiredKeys: ["offset", "crc32"], noNullPrototype: true },
);

test("an entry comes back from its plan line", () => {
  fc.assert(
    fc.property(entries, (entry) => {
      const line = planLine(entry);
      assert.ok(!line.includes("\n"));
      assert.deepEqual(parsePlanLine(line), entry);
    }),
    { numRuns: 500 },
  );
});

test("an index line has what the plan line has but inode and ctime, and where the content lies", () => {
  fc.assert(
    fc.property(entries, placements, (entry, placement) => {
      const { ctime: _ctime, inode: _inode, difference: _difference, ...shown } = entry;
      const line = indexLine(planLine(entry), placement);
      assert.ok(!line.includes("\n"));
      assert.deepEqual(parseIndexLine(line), { ...shown, placement });
    }),
    { numRuns: 500 },
  );
});

test("lines are as the format says, member by member", () => {
  const entry: PlannedEntry = {
    path: 'a,"ctime":"b',
    type: "file",
    mode: 0o640,
    uid: 1,
    gid: 2,
    mtime: -1n,
    ctime: 5n,
    inode: 2n ** 64n - 1n,
    size: 10,
    piece: { start: 4, length: 6 },
  };
  const common =
    '{"path":"a,\\"ctime\\":\\"b","type":"file","mode":416,"uid":1,"gid":2,"mtime":"-1","size":10,"start":4,"length":6';
  assert.equal(planLine(entry), `${common},"ctime":"5","inode":"18446744073709551615"}`);
  assert.equal(indexLine(planLine(entry), { offset: 512, crc32: 7 }), `${common},"offset":512,"crc32":7}`);
  const device: PlannedEntry = {
    path: "\xff",
    type: "block-device",
    mode: 0,
    uid: 0,
    gid: 0,
    mtime: 0n,
    ctime: 0n,
    inode: 0n,
    size: 0,
    rdev: { major: 8, minor: 1 },
  };
  assert.match(planLine(device), /^\{"pathBase64":"\/w==".*,"rdev":\[8,1\],"size":0,/);
});
