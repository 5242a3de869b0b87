import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type SmallEntry, smallExport, streamFormat } from "../../../test/fixtures/small-export.ts";
import { openIndex } from "../reading/index-pages.ts";
import { openExport } from "../reading/open-export.ts";
import { select } from "../reading/selection.ts";
import { extract } from "./extract.ts";
import type { ExtractNotice, ExtractReport } from "./extract-options.ts";

const { signal } = new AbortController();

interface Outcome {
  readonly report: ExtractReport;
  readonly notices: readonly ExtractNotice[];
}

async function run(
  entries: readonly (readonly SmallEntry[])[],
  folder: string,
  options: { paths?: string[]; withDifferences?: boolean; breakObject?: string } = {},
): Promise<Outcome> {
  const destination = await smallExport(entries);
  const broken = options.breakObject === undefined ? undefined : destination.objects.get(options.breakObject);
  if (broken !== undefined) broken[broken.length - 6] = (broken[broken.length - 6] ?? 0) ^ 0xff;
  const index = await openIndex(await openExport(destination, signal), signal);
  const notices: ExtractNotice[] = [];
  const selection = await select(index, options.paths ?? [], signal);
  const onNotice = (notice: ExtractNotice): void => void notices.push(notice);
  const withDifferences = options.withDifferences ?? false;
  const report = await extract(
    { index, format: streamFormat, folder, selection, withDifferences, onNotice },
    signal,
  );
  return { report, notices };
}

/** A folder with "target" for extraction and "outside" that must stay as it is. */
function places(t: TestContext): { target: string; outside: string } {
  const root = mkdtempSync(join(tmpdir(), "extract-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const outside = join(root, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "precious"), "precious");
  return { target: join(root, "target"), outside };
}

function assertUntouched(outside: string): void {
  assert.deepEqual(readdirSync(outside), ["precious"]);
  assert.equal(readFileSync(join(outside, "precious"), "utf8"), "precious");
}

test("content, modes, times and links come back", async (t) => {
  const { target } = places(t);
  const { report, notices } = await run(
    [
      [
        { path: "a/", mode: 0o555, mtime: -1_500_000_000n },
        { path: "a/file", content: "x".repeat(100), mode: 0o4755, mtime: 1_732_131_699_000_001_000n },
        { path: "a/hard", type: "hardlink", linkTarget: "a/file" },
        { path: "a/link", type: "symlink", linkTarget: "file", mtime: -3_750_000_000n },
        { path: "n\xffme\n", content: "odd" },
        { path: "pipe", type: "fifo", mode: 0o600 },
        { path: "split", content: "first", size: 11, piece: { start: 0, length: 5 } },
      ],
      [{ path: "split", content: "second", size: 11, piece: { start: 5, length: 6 } }],
    ],
    target,
  );
  assert.deepEqual(notices, []);
  assert.equal(report.entries, 7);
  const file = lstatSync(join(target, "a/file"), { bigint: true });
  assert.equal(file.mode & 0o7777n, 0o4755n);
  assert.equal(file.mtimeNs / 1000n, 1_732_131_699_000_001n);
  assert.equal(file.nlink, 2n);
  assert.equal(lstatSync(join(target, "a"), { bigint: true }).mode & 0o7777n, 0o555n);
  assert.equal(lstatSync(join(target, "a"), { bigint: true }).mtimeNs, -1_500_000_000n);
  assert.equal(readlinkSync(join(target, "a/link")), "file");
  assert.equal(lstatSync(join(target, "a/link"), { bigint: true }).mtimeNs, -3_750_000_000n);
  assert.ok(lstatSync(join(target, "pipe")).isFIFO());
  assert.equal(readFileSync(join(target, "split"), "utf8"), "firstsecond");
  assert.equal(readFileSync(Buffer.from(`${target}/n\xffme\n`, "latin1"), "utf8"), "odd");
  chmodSync(join(target, "a"), 0o755);
});

test("a second extraction replaces what the first left, read-only folders too", async (t) => {
  const { target } = places(t);
  const tree = [
    [
      { path: "a/", mode: 0o555 },
      { path: "a/file", content: "new", mode: 0o400 },
      { path: "l", type: "symlink", linkTarget: "a" } as const,
    ],
  ];
  await run(tree, target);
  await run(tree, target);
  assert.equal(readFileSync(join(target, "a/file"), "utf8"), "new");
  assert.equal(lstatSync(join(target, "a")).mode & 0o777, 0o555);
  chmodSync(join(target, "a"), 0o755);
});

for (const path of [
  "../outside/evil",
  "/outside/evil",
  "a/../../outside/evil",
  "./evil",
  "a//evil",
  "..",
  "evil\0",
  "a/.",
  "file/",
]) {
  test(`a path that leads out is refused: ${JSON.stringify(path)}`, async (t) => {
    const { target, outside } = places(t);
    await assert.rejects(run([[{ path, type: "file", content: "evil" }]], target), { code: "Damaged" });
    assertUntouched(outside);
    assert.deepEqual(readdirSync(target), []);
  });
}

test("a hard link that leads out is refused", async (t) => {
  const { target, outside } = places(t);
  for (const linkTarget of ["../outside/precious", join(outside, "precious"), "", "gone"]) {
    const { report } = await run([[{ path: "evil", type: "hardlink", linkTarget }]], target);
    assert.equal(report.damaged, 1);
    assert.equal(existsSync(join(target, "evil")), false);
  }
  assertUntouched(outside);
});

test("nothing is written through a link of the archive, whatever order the index has", async (t) => {
  for (const linkTarget of ["../outside", "/"]) {
    const { target, outside } = places(t);
    const link = { path: "d", type: "symlink", linkTarget } as const;
    const file = { path: "d/evil", content: "evil" };
    await assert.rejects(run([[link, file]], target), { code: "TargetUnsafe" });
    await assert.rejects(run([[link, { path: "d/" }, file]], target), { code: "TargetUnsafe" });
    assertUntouched(outside);
  }
});

test("nothing is written through a link that stands in the target", async (t) => {
  const { target, outside } = places(t);
  mkdirSync(target);
  symlinkSync(outside, join(target, "d"));
  await assert.rejects(run([[{ path: "d/evil", content: "evil" }]], target), { code: "TargetUnsafe" });
  await assert.rejects(run([[{ path: "d/", mode: 0o700 }]], target), { code: "TargetUnsafe" });
  await assert.rejects(run([[{ path: "evil", type: "hardlink", linkTarget: "d/precious" }]], target), {
    code: "TargetUnsafe",
  });
  symlinkSync(join(outside, "precious"), join(target, "file"));
  await run([[{ path: "file", content: "replaced" }]], target);
  assert.equal(lstatSync(join(target, "file")).isFile(), true);
  assertUntouched(outside);
});

test("a hard link is not made to a file that was there before", async (t) => {
  const { target } = places(t);
  mkdirSync(target);
  writeFileSync(join(target, "zz"), "foreign");
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { report } = await run([[{ path: "a", type: "hardlink", linkTarget: "zz" }]], target);
  assert.equal(report.damaged, 1);
  assert.equal(lstatSync(join(target, "zz")).nlink, 1);
});

test("a hard link extracted alone has the content", async (t) => {
  const { target } = places(t);
  await run(
    [
      [
        { path: "a", content: "both", mode: 0o640 },
        { path: "b", type: "hardlink", linkTarget: "a" },
      ],
    ],
    target,
    { paths: ["b"] },
  );
  assert.deepEqual(readdirSync(target), ["b"]);
  assert.equal(readFileSync(join(target, "b"), "utf8"), "both");
  assert.equal(lstatSync(join(target, "b")).mode & 0o777, 0o640);
});

test("an unknown path is named before anything is written", async (t) => {
  const { target } = places(t);
  await assert.rejects(run([[{ path: "a", content: "x" }]], target, { paths: ["a", "nope"] }), {
    code: "EntryNotFound",
    message: /nope/,
  });
  assert.equal(existsSync(target), false);
});

test("entries that could not be read are left out and listed, and written on request", async (t) => {
  const { target } = places(t);
  const tree = [
    [
      { path: "changed", content: "c", placement: { difference: "changed" } },
      { path: "gone", content: "\0\0", placement: { difference: "vanished" } },
    ],
  ] as const;
  const { notices, report } = await run(tree, target);
  assert.deepEqual(report, {
    entries: 2,
    restored: 1,
    bytes: 1,
    differences: 2,
    leftOut: 1,
    damaged: 0,
    failed: 0,
  });
  assert.deepEqual(
    notices.map(({ path, written }) => [path, written]),
    [
      ["changed", true],
      ["gone", false],
    ],
  );
  assert.deepEqual(readdirSync(target), ["changed"]);
  const asked = await run(tree, target, { withDifferences: true });
  assert.deepEqual([asked.report.restored, asked.report.leftOut, asked.report.bytes], [2, 0, 3]);
  assert.equal(readFileSync(join(target, "gone"), "latin1"), "\0\0");
});

test("a damaged entry is named with its part and not written, the others are", async (t) => {
  const { target } = places(t);
  const { notices, report } = await run(
    [[{ path: "bad", content: "b".repeat(64) }], [{ path: "good", content: "g" }]],
    target,
    {
      breakObject: "parts/00000000.tar.zst",
    },
  );
  assert.deepEqual([report.entries, report.restored, report.damaged, report.bytes], [2, 1, 1, 1]);
  assert.match(notices[0]?.message ?? "", /part 0 \(parts\/00000000\.tar\.zst, frame 0\)/);
  assert.deepEqual(readdirSync(target), ["good"]);
});

test("paths over 4,095 bytes and deeper than the descriptors kept", async (t) => {
  const { target } = places(t);
  const folders = Array.from({ length: 300 }, () => "d".repeat(20));
  const path = `${folders.join("/")}/file`;
  const { report, notices } = await run(
    [
      [
        { path, content: "deep" },
        { path: `${folders.slice(0, 2).join("/")}/z`, content: "up" },
      ],
    ],
    target,
  );
  assert.deepEqual([report.entries, notices], [2, []]);
  assert.equal(readFileSync(join(target, folders[0] ?? "", folders[1] ?? "", "z"), "utf8"), "up");
});
