/** Whatever a file system holds must come back from every format, by Longshore and by the tools people already have. */
import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { closeSync, lstatSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import type { TestContext } from "node:test";
import { digestOf, exportTree, expectVerified, partsOf } from "../fixtures/exports.ts";
import { makeHostileTree } from "../fixtures/hostile-tree.ts";
import { expectSilent, expectSoundCompression, tarReaders } from "../fixtures/readers.ts";
import type { TarFormat } from "../fixtures/readers.ts";
import { expectExit, isRoot, longshore, missingProgram, shell, temporaryFolder } from "../fixtures/run.ts";
import { assertSameTree, listTree, pathsOf } from "../fixtures/tree-listing.ts";
import type { EntryType, TreeOptions } from "../fixtures/tree-listing.ts";

const partSizes: [name: string, option: string[]][] = [
  ["parts of 1 MiB", ["--part-size", "1Mi"]],
  ["parts of the default size", []],
];

suite("a hostile tree", () => {
  const folder = temporaryFolder();
  const source = folder.join("source");
  let paths: string[] = [];

  before(async () => {
    await makeHostileTree(source);
    paths = pathsOf(source);
  });
  after(() => folder[Symbol.asyncDispose]());

  const listed = (options: TreeOptions): string[] => listTree(source, { owners: isRoot, ...options });

  // Node sets times as doubles of seconds, which tell microseconds apart until the year 2106 and no more.
  const own: TreeOptions = { times: "microseconds" };

  async function extracted(location: string, what: string, options: TreeOptions): Promise<void> {
    await using target = temporaryFolder();
    expectExit(await longshore(["extract", location, target.path]), 0);
    assertSameTree(listed(options), listTree(target.path, { owners: isRoot, ...options }), what);
  }

  async function listsAll(location: string, without: string[] = []): Promise<void> {
    const raw = expectExit(await longshore(["ls", "--null", location]), 0).stdout.toString("latin1");
    assert.deepEqual(
      raw.split("\0"),
      [...paths.filter((path) => !without.includes(path)), ""],
      "ls --null must name every entry in the order of the plan",
    );
  }

  async function sumsHold(location: string): Promise<void> {
    const checked = expectExit(await shell("sha256sum --strict -c SHA256SUMS", [], { cwd: location }), 0);
    assert.equal(checked.stderr, "");
  }

  /** Gives the joined archive after showing that a plain `cat` makes the same. */
  async function downloaded(location: string, file: string): Promise<string> {
    expectExit(await longshore(["download", location, "-o", file]), 0);
    const joined = expectExit(await shell("cat parts/* | sha256sum", [], { cwd: location }), 0);
    assert.equal(
      digestOf(file),
      joined.stdout.toString().slice(0, 64),
      "download must be the parts one after another",
    );
    return file;
  }

  for (const format of ["tar.zst", "tar.gz", "tar"] satisfies TarFormat[]) {
    for (const [size, option] of partSizes) {
      test(`${format}, ${size}`, async (t) => {
        await using work = temporaryFolder();
        const report = await exportTree([source, work.path, "--name", "x", "--format", format, ...option]);
        const location = work.join("x");
        assert.equal(report.differences, 0);
        assert.equal(report.files, paths.filter((path) => !path.endsWith("/")).length);
        if (option.length > 0) assert.ok(report.parts.total > 20, "small parts must be many");
        await expectVerified(location);
        await sumsHold(location);
        await listsAll(location);
        await extracted(location, "longshore extract", own);
        const archive = await downloaded(location, work.join(`joined.${format}`));
        await expectSoundCompression(format, [archive, ...partsOf(location)]);
        await readersAgree(t, format, archive);
      });
    }
  }

  async function readersAgree(t: TestContext, format: TarFormat, archive: string): Promise<void> {
    for (const reader of tarReaders(format)) {
      await t.test(reader.name, { skip: reader.missing }, async () => {
        await using target = temporaryFolder();
        expectSilent(await reader.extract(archive, target.path));
        const keeps = { owners: isRoot, ...reader.keeps };
        assertSameTree(listed(keeps), listTree(target.path, keeps), reader.name);
      });
    }
  }

  for (const [size, option] of partSizes) {
    test(`files, ${size}`, async () => {
      await using work = temporaryFolder();
      await exportTree([source, work.path, "--name", "x", "--format", "files", ...option]);
      const location = work.join("x");
      await expectVerified(location);
      await sumsHold(location);
      await listsAll(location);
      await extracted(location, "longshore extract", own);
      const stored = (path: string, type: EntryType): boolean => type !== "file" || path.startsWith("hard ");
      const plain: TreeOptions = {
        times: "none",
        owners: false,
        modes: false,
        hardLinks: false,
        leaveOut: stored,
      };
      assertSameTree(listed(plain), listTree(`${location}/files`, plain), "files/");
      expectExit(await longshore(["download", location, "-o", work.join("joined")]), 1);
    });
  }

  test("names are printed as GNU tar prints them", { skip: missingProgram("tar") }, async () => {
    await using work = temporaryFolder();
    await exportTree([source, work.path, "--name", "x", "--format", "tar"]);
    const ours = expectExit(await longshore(["ls", work.join("x")]), 0).stdout.toString();
    const theirs = await shell("cat parts/* | tar -t --quoting-style=escape", [], { cwd: work.join("x") });
    expectSilent(theirs);
    // Which characters are unprintable is the C library's word, and so is how much of a broken name is shown.
    const printable = (line: string): boolean => {
      const bytes = Buffer.from(unescaped(line), "latin1");
      return isUtf8(bytes) && !/[\p{C}\p{Z}]/u.test(bytes.toString().replaceAll(" ", ""));
    };
    const expected = theirs.stdout.toString().split("\n");
    const actual = ours.split("\n");
    assert.deepEqual(actual.map(unescaped), expected.map(unescaped));
    assert.deepEqual(actual.filter(printable), expected.filter(printable));
    assert.doesNotMatch(
      ours.replaceAll("\n", ""),
      /\p{Cc}|\ufffd/u,
      "control characters and invalid bytes must be escaped",
    );
    const inC = await longshore(["ls", work.join("x")], { env: { LC_ALL: "C" } });
    assert.deepEqual(inC.stdout.toString().split("\n").map(unescaped), expected.map(unescaped));
  });

  for (const locale of ["C", "C.UTF-8"]) {
    for (const program of ["tar", "bsdtar"]) {
      test(
        `${program} lists every entry in the locale ${locale}`,
        { skip: missingProgram(program) },
        async () => {
          await using work = temporaryFolder();
          await exportTree([source, work.path, "--name", "x", "--format", "tar", "--part-size", "1Mi"]);
          const script = 'cat parts/* | "$1" -tf - | wc -l';
          const listed = await shell(script, [program], { cwd: work.join("x"), env: { LC_ALL: locale } });
          expectSilent(listed);
          assert.equal(Number(listed.stdout.toString()), paths.length);
        },
      );
    }
  }

  test("the index keeps every time to the nanosecond", { skip: missingProgram("zstd") }, async () => {
    await using work = temporaryFolder();
    await exportTree([source, work.path, "--name", "x"]);
    const lines = await shell("zstd -dcq < index.jsonl.zst", [], { cwd: work.join("x") });
    const times = expectExit(lines, 0)
      .stdout.toString()
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { mtime?: string }).mtime);
    const folder = openSync(source, "r");
    const expected = paths.map((path) => {
      const reach = Buffer.from(`/proc/self/fd/${folder}/${path.replace(/\/$/, "")}`, "latin1");
      return String(lstatSync(reach, { bigint: true }).mtimeNs);
    });
    closeSync(folder);
    assert.deepEqual([...new Set(times)], [...new Set(expected)]);
  });

  test("one folder, one file and one odd name are listed and extracted alone", async () => {
    await using work = temporaryFolder();
    await exportTree([source, work.path, "--name", "x", "--part-size", "1Mi"]);
    const wanted = ["hard c", "names/-rf", "names/Größe", "sizes/9437201", "links/self"];
    for (const path of wanted) {
      const inside = paths.filter((each) => each === latin1(path) || each.startsWith(`${latin1(path)}/`));
      const shown = expectExit(await longshore(["ls", "--null", work.join("x"), path]), 0).stdout.toString(
        "latin1",
      );
      assert.deepEqual(shown.split("\0").slice(0, -1), inside, `ls of ${path}`);
    }
    await using target = temporaryFolder();
    expectExit(await longshore(["extract", work.join("x"), target.path, ...wanted]), 0);
    const kept = wanted.map(latin1);
    const inside = (path: string): boolean =>
      kept.some((each) => path === each || path.startsWith(`${each}/`));
    const leaveOut = (path: string): boolean => !inside(path);
    // Of a hard link's names only some are here, so its content is and its link is not.
    const options: TreeOptions = { ...own, owners: isRoot, hardLinks: false, leaveOut };
    assertSameTree(listed(options), listTree(target.path, options), "longshore extract PATH");
    const made = pathsOf(target.path).filter((path) => !path.endsWith("/"));
    assert.deepEqual(made.filter(leaveOut), [], "nothing else may be extracted");
  });
});

suite("what only Longshore itself restores", () => {
  for (const format of ["tar.zst", "zip", "files"]) {
    test(`paths over 4,095 bytes and a socket in ${format}`, async () => {
      await using work = temporaryFolder();
      const source = work.join("source");
      mkdirSync(source);
      await makeHostileTree(source, { withSocket: true, pastPathMax: true, sparseBytes: 8 * 1024 * 1024 });
      const report = await exportTree(
        [source, work.path, "--name", "x", "--format", format, "--part-size", "2Mi"],
        [3],
      );
      await expectVerified(work.join("x"));
      const lost = format === "zip" ? ["socket", "fifo", "character", "block"] : ["socket"];
      const leaveOut = (_: string, type: EntryType): boolean => lost.includes(type);
      const unsupported = listTree(source).length - listTree(source, { leaveOut }).length;
      assert.equal(report.differences, unsupported);
      const named = readFileSync(work.join("x", "differences.jsonl"), "utf8").trimEnd().split("\n");
      assert.equal(named.length, unsupported);
      await using target = temporaryFolder();
      expectExit(await longshore(["extract", work.join("x"), target.path]), 0);
      // A zip has no hard links: each name is a file of its own there.
      const options: TreeOptions = {
        times: "microseconds",
        owners: isRoot,
        hardLinks: format !== "zip",
        leaveOut,
      };
      assertSameTree(
        listTree(source, options),
        listTree(target.path, options),
        `longshore extract of ${format}`,
      );
    });
  }

  test("a link in the target leads extract nowhere else", async () => {
    await using work = temporaryFolder();
    for (const folder of ["source/folder", "elsewhere", "out"])
      mkdirSync(work.join(folder), { recursive: true });
    writeFileSync(work.join("source/folder/file"), "content");
    await exportTree([work.join("source"), work.path, "--name", "x"]);
    symlinkSync("../elsewhere", work.join("out/folder"));
    await longshore(["extract", work.join("x"), work.join("out")]);
    assert.deepEqual(pathsOf(work.join("elsewhere")), []);
  });

  test("an empty tree", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("source"));
    for (const format of ["tar.zst", "tar", "tar.gz", "zip", "files"]) {
      const report = await exportTree([work.join("source"), work.path, "--name", format, "--format", format]);
      assert.equal(report.files, 0);
      await expectVerified(work.join(format));
      expectExit(await longshore(["extract", work.join(format), work.join(`${format} out`)]), 0);
      assert.deepEqual(pathsOf(work.join(`${format} out`)), []);
    }
    expectSilent(await shell("cat parts/* | zstd -dcq | tar -t", [], { cwd: work.join("tar.zst") }));
  });
});

function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

const escapes: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, "\\": 92, " ": 32 };

/** The bytes (latin1) that a line of "escape" quoting stands for. */
function unescaped(line: string): string {
  const bytes: Buffer[] = [];
  for (const [, octal, letter, plain] of line.matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gu)) {
    if (octal !== undefined) bytes.push(Buffer.from([Number.parseInt(octal, 8)]));
    else if (letter !== undefined)
      bytes.push(Buffer.from([escapes[letter] ?? assert.fail(`\\${letter} in ${line}`)]));
    else bytes.push(Buffer.from(plain ?? ""));
  }
  return Buffer.concat(bytes).toString("latin1");
}
