import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type MadeUpEntry, longAgo, madeUpSource } from "../../../test/fixtures/made-up-source.ts";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { formats, optionsOf, plan } from "../../../test/fixtures/packing.ts";
import { seededRandom } from "../../../test/fixtures/random.ts";
import type { PlannedEntry } from "../../domain/entry.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { ExportOptions } from "../../domain/export-options.ts";
import type { PlannedPart } from "../../domain/part.ts";
import { parsePlanLine } from "../../domain/plan-line.ts";
import { sha256 } from "../digest.ts";
import { readPlanPage } from "../packing/plan-page.ts";
import { writePlan } from "./plan-writer.ts";

const { signal } = new AbortController();
const kibibyte = 1024;

async function planned(
  entries: readonly MadeUpEntry[],
  options: Partial<ExportOptions> = {},
  now?: () => number,
): Promise<{ destination: MemoryDestination; parts: readonly PlannedPart[]; pages: PlannedEntry[][] }> {
  const destination = new MemoryDestination();
  const { parts } = await plan(madeUpSource(entries), destination, options, now);
  const pages: PlannedEntry[][] = [];
  for (const part of parts) {
    const lines = (await Array.fromAsync(readPlanPage(destination, part, signal))).flat();
    assert.equal(lines.length, part.entries);
    pages.push(lines.map(parsePlanLine));
  }
  return { destination, parts, pages };
}

const random = seededRandom(1);
const many: MadeUpEntry[] = Array.from({ length: 3000 }, (_, i) => ({
  path: `d${i % 30}/${i}\xff"\n`,
  size: Math.floor(random() ** 3 * 400 * kibibyte),
}));

test("pages hold every entry once, in order, and what was found out about them", async () => {
  const { destination, parts, pages } = await planned(many);
  assert.ok(parts.length > 50);
  const paths = pages.flat().map(({ path }) => path);
  assert.deepEqual(
    paths,
    many.map(({ path }) => path).toSorted((a, b) => (a < b ? -1 : 1)),
  );
  for (const [i, part] of parts.entries()) {
    const entries = pages[i] ?? [];
    assert.equal(part.number, i);
    assert.equal(part.files, entries.length);
    assert.equal(
      part.content,
      entries.reduce((sum, { size }) => sum + size, 0),
    );
    assert.deepEqual([part.startsInside, part.endsInside, part.settled], [false, false, true]);
    const bytes = destination.objects.get(part.page.object) ?? assert.fail();
    assert.deepEqual([part.page.size, part.page.sha256], [bytes.length, sha256(bytes)]);
  }
  assert.equal(destination.objects.size, parts.length, "nothing but pages");
});

test("totals count what the export holds", async () => {
  const entries: MadeUpEntry[] = [
    { path: "d/" },
    { path: "d/file", size: 10 },
    { path: "link", type: "symlink", linkTarget: "d" },
    { path: "socket", type: "socket", difference: "unsupported" },
    { path: "closed/", difference: "unreadable" },
    { path: "gone", type: "unknown", difference: "vanished" },
  ];
  const { totals, parts } = await plan(madeUpSource(entries), new MemoryDestination());
  assert.deepEqual(totals, { entries: 4, files: 2, content: 10 });
  assert.deepEqual(
    parts.map(({ entries: lines, files, content }) => [lines, files, content]),
    [[6, 2, 10]],
  );
});

test("an empty source gives no parts", async () => {
  const destination = new MemoryDestination();
  const { parts, totals } = await plan(madeUpSource([]), destination);
  assert.deepEqual([parts, totals], [[], { entries: 0, files: 0, content: 0 }]);
  assert.equal(destination.objects.size, 0);
});

describe("a part's key", () => {
  const tree: MadeUpEntry[] = [
    { path: "d/" },
    { path: "d/a", size: 5 },
    { path: "d/link", type: "symlink", linkTarget: "a" },
    { path: "d/null", type: "character-device", rdev: { major: 1, minor: 3 } },
  ];
  const keyOf = async (
    entries: readonly MadeUpEntry[],
    options: Partial<ExportOptions> = {},
  ): Promise<string> => {
    const { parts } = await planned(entries, options);
    assert.equal(parts.length, 1);
    return parts[0]?.key ?? "";
  };
  const changed = (path: string, change: Partial<MadeUpEntry>): MadeUpEntry[] =>
    tree.map((entry) => (entry.path === path ? { ...entry, ...change } : entry));

  test("is equal for equal trees, however they are walked, and whatever the part size", async () => {
    const key = await keyOf(tree);
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal(await keyOf(tree.toReversed()), key);
    assert.equal(await keyOf(tree, { partSize: 2 ** 24, include: ["x"], differences: "fail" }), key);
  });

  const changes: Record<string, MadeUpEntry[]> = {
    path: changed("d/a", { path: "d/b" }),
    type: changed("d/a", { type: "fifo" }),
    size: changed("d/a", { size: 6 }),
    mode: changed("d/a", { mode: 0o641 }),
    uid: changed("d/a", { uid: 1 }),
    gid: changed("d/a", { gid: 1 }),
    mtime: changed("d/a", { mtime: longAgo + 1n }),
    ctime: changed("d/a", { ctime: longAgo + 1n }),
    inode: changed("d/a", { inode: 8n }),
    "link target": changed("d/link", { linkTarget: "b" }),
    "device number": changed("d/null", { rdev: { major: 1, minor: 5 } }),
    difference: changed("d/", { difference: "unreadable" }),
    "entry more": [...tree, { path: "e" }],
    "entry less": tree.slice(1),
  };
  for (const [name, entries] of Object.entries(changes)) {
    test(`is another for another ${name}`, async () =>
      assert.notEqual(await keyOf(entries), await keyOf(tree)));
  }

  test("is another for another format and level", async () => {
    const keys = await Promise.all(
      [{ format: "tar" }, { format: "tar.zst" }, { format: "tar.zst", level: 4 }].map((given) =>
        keyOf(tree, given as Partial<ExportOptions>),
      ),
    );
    assert.equal(new Set(keys).size, 3);
  });

  test("is that of the lines of its page", async () => {
    const { destination, parts } = await planned(tree);
    const [part = assert.fail()] = parts;
    const lines = (await Array.fromAsync(readPlanPage(destination, part, signal))).flat();
    assert.equal(part.key, sha256(`longshore part 1\ntar\n3\n${lines.join("\n")}\n`));
  });
});

describe("a part is settled", () => {
  const now = 1_700_000_000_000;
  const nanoseconds = BigInt(now) * 1_000_000n;
  const second = 1_000_000_000n;
  const table: [name: string, mtime: bigint, ctime: bigint, settled: boolean][] = [
    ["where its files are old", longAgo, longAgo, true],
    [
      "where they are two seconds old and a nanosecond",
      nanoseconds - 2n * second - 1n,
      nanoseconds - 2n * second - 1n,
      true,
    ],
    ["not where one was modified two seconds ago", nanoseconds - 2n * second, longAgo, false],
    ["not where one changed two seconds ago", longAgo, nanoseconds - 2n * second, false],
    ["not where one is modified just now", nanoseconds, longAgo, false],
    ["not where a clock is a little ahead", nanoseconds + second, longAgo, false],
    ["where a time far ahead was set by hand long ago", nanoseconds + 1000n * second, longAgo, true],
    ["not where that was done just now", nanoseconds + 1000n * second, nanoseconds, false],
    ["where times are before 1970", -1n, longAgo, true],
  ];
  for (const [name, mtime, ctime, settled] of table) {
    test(name, async () => {
      const { parts } = await planned(
        [{ path: "a" }, { path: "b", mtime, ctime }, { path: "c" }],
        {},
        () => now,
      );
      assert.equal(parts[0]?.settled, settled);
    });
  }

  test("by its files alone: a folder's times change with what is beside them", async () => {
    const { parts } = await planned([{ path: "d/", mtime: nanoseconds, ctime: nanoseconds }], {}, () => now);
    assert.equal(parts[0]?.settled, true);
  });
});

describe("a file over twice the part size", () => {
  const partSize = 100 * kibibyte;
  const entries: MadeUpEntry[] = [
    { path: "a", size: 10 },
    { path: "big", size: 349 * kibibyte },
    { path: "c", size: 10 },
    { path: "even", size: 300 * kibibyte },
    { path: "f", size: 10 },
  ];

  test("begins a new part, is cut at multiples of the part size, and lets others follow", async () => {
    const { parts, pages } = await planned(entries, { partSize });
    const shown = pages.map((page) =>
      page.map(({ path, piece }) =>
        piece === undefined ? path : `${path} ${piece.start / kibibyte}+${piece.length / kibibyte}`,
      ),
    );
    assert.deepEqual(shown, [
      ["a"],
      ["big 0+100"],
      ["big 100+100"],
      ["big 200+149", "c"],
      ["even 0+100"],
      ["even 100+100"],
      ["even 200+100", "f"],
    ]);
    assert.deepEqual(
      parts.map(({ startsInside, endsInside }) => [startsInside, endsInside]),
      [
        [false, false],
        [false, true],
        [true, true],
        [true, false],
        [false, true],
        [true, true],
        [true, false],
      ],
    );
    assert.deepEqual(
      parts.map(({ files }) => files),
      [1, 1, 0, 1, 1, 0, 1],
      "a split file is one file",
    );
  });

  test("is counted once", async () => {
    const { totals } = await plan(madeUpSource(entries), new MemoryDestination(), { partSize });
    assert.deepEqual(totals, { entries: 5, files: 5, content: 649 * kibibyte + 30 });
  });

  test("stays whole in format Files, and where the export does not hold it", async () => {
    const whole = await planned(entries, { partSize, format: "files" });
    assert.ok(whole.pages.flat().every(({ piece }) => piece === undefined));
    const unread = await planned([{ path: "big", size: 2 ** 30, difference: "unreadable" }], { partSize });
    assert.deepEqual(
      unread.pages.flat().map(({ piece }) => piece),
      [undefined],
    );
  });
});

test("what a format has no place for is a difference that takes no room", async () => {
  const types = ["fifo", "character-device", "block-device", "symlink", "hardlink"] as const;
  const entries = types.map((type) => ({ path: type, type, linkTarget: "x" }));
  const differences = async (format: ExportOptions["format"]): Promise<(string | undefined)[]> =>
    (await planned(entries, { format })).pages.flat().map(({ difference }) => difference);
  assert.deepEqual(await differences("tar"), [undefined, undefined, undefined, undefined, undefined]);
  assert.deepEqual(
    (await planned(entries, { format: "zip" })).pages
      .flat()
      .map(({ path, difference }) => [path, difference]),
    [
      ["block-device", "unsupported"],
      ["character-device", "unsupported"],
      ["fifo", "unsupported"],
      ["hardlink", undefined],
      ["symlink", undefined],
    ],
  );
});

describe("planning that can't go on", () => {
  const context = (destination: MemoryDestination, given: Partial<ExportOptions> = {}) => {
    const options = optionsOf(given);
    return { destination, format: formats[options.format], options, clock: Date, onPart: () => undefined };
  };

  test("ends with the destination's error", async () => {
    class Full extends MemoryDestination {
      override create(): Promise<never> {
        return Promise.reject(new LongshoreError("DestinationFull", "full"));
      }
    }
    const walked = madeUpSource(many).walk({ ...optionsOf(), hardLinks: "link", scratch: "" }, signal);
    await assert.rejects(writePlan(walked, context(new Full()), signal), { code: "DestinationFull" });
  });

  test("ends with the source's error, and leaves no part open", async () => {
    const failing = async function* () {
      yield* madeUpSource([{ path: "a" }]).walk({ ...optionsOf(), hardLinks: "link", scratch: "" }, signal);
      throw new LongshoreError("SourceUnreadable", "no");
    };
    const destination = new MemoryDestination();
    await assert.rejects(writePlan(failing(), context(destination), signal), { code: "SourceUnreadable" });
    assert.equal(destination.objects.size, 0);
  });

  test("ends when it is cancelled", async () => {
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    const walked = madeUpSource(many).walk({ ...optionsOf(), hardLinks: "link", scratch: "" }, signal);
    await assert.rejects(writePlan(walked, context(new MemoryDestination()), controller.signal), {
      message: "enough",
    });
  });
});
