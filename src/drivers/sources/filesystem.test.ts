import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { testSource } from "../../../test/conformance/source.ts";
import { asNobody } from "../../../test/fixtures/as-nobody.ts";
import { run, type TemporaryFolder, temporaryFolder } from "../../../test/fixtures/run.ts";
import type { DifferenceReason, Entry } from "../../domain/entry.ts";
import type { Source, WalkOptions } from "../../domain/ports/source.ts";
import { openFilesystemSource } from "./filesystem.ts";

const { signal } = new AbortController();
// What is made here can be read by everybody, but for what says otherwise.
process.umask(0o022);

testSource("filesystem", async (files) => {
  const folder = temporaryFolder();
  mkdirSync(folder.join("tree"));
  for (const [path, bytes] of Object.entries(files)) put(folder.join("tree"), path, bytes);
  return {
    source: openFilesystemSource(folder.join("tree")),
    scratch: folder.join("scratch"),
    replace: (path, bytes) => writeFileSync(at(folder.join("tree"), path), bytes),
    remove: (path) => rmSync(at(folder.join("tree"), path)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

function at(folder: string, path: string): Buffer {
  return Buffer.from(`${folder}/${path}`, "latin1");
}

function put(folder: string, path: string, content: Uint8Array | string = ""): void {
  mkdirSync(at(folder, dirname(path)), { recursive: true });
  writeFileSync(at(folder, path), content);
}

const everything = {
  include: [],
  exclude: [],
  crossFileSystems: false,
  hardLinks: "link",
  scratch: "/nowhere",
} as const;

async function walk(source: Source, options: Partial<WalkOptions> = {}): Promise<Entry[]> {
  return (await Array.fromAsync(source.walk({ ...everything, ...options }, signal))).flat();
}

const pathsOf = (entries: readonly Entry[]): string[] => entries.map(({ path }) => path);
const byUnits = (a: string, b: string): number => (a < b ? -1 : 1);

/** What packing finds, reading all that was planned and a byte more; and what it read. */
function readAll(source: Source, entry: Entry): { difference: DifferenceReason | undefined; bytes: string } {
  const reader = source.open(entry);
  assert.ok(!(reader instanceof Promise));
  if (typeof reader === "string") return { difference: reader, bytes: "" };
  const buffer = Buffer.alloc(entry.size + 1);
  const length = reader.read(buffer, 0);
  const difference = reader.difference();
  reader.close();
  return { difference, bytes: buffer.toString("latin1", 0, length) };
}

async function find(source: Source, path: string): Promise<Entry> {
  return (await walk(source)).find((entry) => entry.path === path) ?? assert.fail(`${path} is missing`);
}

test("the order is that of full paths' bytes, whatever the names", async () => {
  const part = fc.oneof(
    fc.constantFrom(
      "a",
      "a-",
      "a.",
      "a0",
      "a ",
      "a!",
      "b",
      "a\x01",
      "a\xff",
      "a\xc3\xb6",
      "A",
      "aa",
      "-",
      "0",
    ),
    fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  );
  const name = part.filter((text) => !/[/\0]/.test(text) && text !== "." && text !== "..");
  const paths = fc.array(fc.array(name, { minLength: 1, maxLength: 3 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(paths, async (made) => {
      await using work = temporaryFolder();
      const expected = new Set<string>();
      for (const parts of made) {
        const folders = parts.map((_, i) => `${parts.slice(0, i).join("/")}/`).slice(1);
        // A name is a folder or a file, not both.
        if (
          folders.some((folder) => expected.has(folder.slice(0, -1))) ||
          expected.has(`${parts.join("/")}/`)
        )
          continue;
        put(work.path, parts.join("/"));
        for (const path of [...folders, parts.join("/")]) expected.add(path);
      }
      assert.deepEqual(pathsOf(await walk(openFilesystemSource(work.path))), [...expected].toSorted(byUnits));
    }),
    { numRuns: 40 },
  );
});

describe("the root", () => {
  test("may be one file: it is the only entry, by its base name", async () => {
    await using work = temporaryFolder();
    put(work.path, "dir/one.txt", "content");
    const source = openFilesystemSource(work.join("dir/one.txt"));
    const [entry, ...more] = await walk(source);
    assert.ok(entry);
    assert.deepEqual([entry.path, entry.type, entry.size, more.length], ["one.txt", "file", 7, 0]);
    assert.deepEqual(readAll(source, entry), { difference: undefined, bytes: "content" });
  });

  test("may be given by a link, and is not followed elsewhere later", async () => {
    await using work = temporaryFolder();
    put(work.path, "real/a", "inside");
    symlinkSync("real", work.join("link"));
    const source = openFilesystemSource(work.join("link"));
    assert.equal(source.location, work.join("real"));
    const entry = await find(source, "a");
    put(work.path, "other/a", "outside");
    rmSync(work.join("link"));
    symlinkSync("other", work.join("link"));
    assert.deepEqual(readAll(source, entry), { difference: undefined, bytes: "inside" });
  });

  test("that can't be read is refused with the reason", async () => {
    await using work = temporaryFolder();
    put(work.path, "file");
    assert.throws(() => openFilesystemSource(work.join("none")), { code: "SourceNotFound" });
    assert.throws(() => openFilesystemSource(work.join("file/below")), { code: "SourceNotFound" });
    assert.throws(() => openFilesystemSource("/dev/null"), { code: "InvalidArgument" });
    mkdirSync(work.join("closed"), { mode: 0o700 });
    chmodSync(work.join("closed"), 0o000);
    const source = openFilesystemSource(work.join("closed"));
    await assert.rejects(
      asNobody(() => walk(source)),
      { code: "SourceUnreadable" },
    );
    chmodSync(work.join("closed"), 0o700);
    rmSync(work.join("closed"), { recursive: true });
    await assert.rejects(walk(source), { code: "SourceNotFound" });
  });
});

describe("what is no plain file", () => {
  test("is given as it is", async () => {
    await using work = temporaryFolder();
    mkdirSync(work.join("dir"));
    chmodSync(work.join("dir"), 0o1751);
    symlinkSync(Buffer.from("nowhere/\xff\n", "latin1"), work.join("link"));
    symlinkSync("loop", work.join("loop"));
    await run("mkfifo", [work.join("pipe")]);
    const entries = await walk(openFilesystemSource(work.path));
    assert.deepEqual(
      entries.map(({ path, type, size, linkTarget }) => [path, type, size, linkTarget]),
      [
        ["dir/", "directory", 0, undefined],
        ["link", "symlink", 0, "nowhere/\xff\n"],
        ["loop", "symlink", 0, "loop"],
        ["pipe", "fifo", 0, undefined],
      ],
    );
    assert.equal(entries[0]?.mode, 0o1751);
    const seen = lstatSync(work.join("dir"), { bigint: true });
    assert.deepEqual(
      [entries[0]?.mtime, entries[0]?.ctime, entries[0]?.inode],
      [seen.mtimeNs, seen.ctimeNs, seen.ino],
    );
  });

  test("is never waited for or followed when it takes a planned file's place", async () => {
    await using work = temporaryFolder();
    const tree = work.join("tree");
    for (const name of ["fifo", "link", "folder", "other", "device"]) put(tree, name, "planned");
    put(work.path, "secret", "outside");
    const source = openFilesystemSource(tree);
    const entries = await walk(source);
    for (const name of ["fifo", "link", "folder", "other", "device"]) rmSync(`${tree}/${name}`);
    await run("mkfifo", [`${tree}/fifo`]);
    symlinkSync("../secret", `${tree}/link`);
    mkdirSync(`${tree}/folder`);
    put(tree, "other", "planned");
    symlinkSync("/dev/zero", `${tree}/device`);
    for (const entry of entries) {
      const { difference, bytes } = readAll(source, entry);
      assert.equal(difference, "changed", entry.path);
      assert.equal(bytes, entry.path === "other" ? "planned" : "");
    }
  });
});

describe("a folder that is replaced by a link", () => {
  for (const [name, target] of [
    ["to outside", "../outside"],
    ["to the root of all", "/"],
  ] as const) {
    test(`${name} leads nowhere`, async () => {
      await using work = temporaryFolder();
      put(work.path, "tree/d/etc/hostname", "inside");
      put(work.path, "tree/d/secret", "inside");
      put(work.path, "outside/secret", "outside");
      put(work.path, "outside/etc/hostname", "outside");
      const source = openFilesystemSource(work.join("tree"));
      const entries = (await walk(source)).filter(({ type }) => type === "file");
      renameSync(work.join("tree/d"), work.join("moved"));
      symlinkSync(target, work.join("tree/d"));
      for (const entry of entries) {
        const { difference, bytes } = readAll(source, entry);
        assert.equal(bytes, "", entry.path);
        assert.ok(difference === "changed" || difference === "vanished", entry.path);
      }
    });
  }

  test("to outside leads nowhere even where the inode has the planned number on another file system", async () => {
    await using work = temporaryFolder();
    put(work.path, "tree/d/version", "inside");
    const source = openFilesystemSource(work.join("tree"));
    const entry = await find(source, "d/version");
    rmSync(work.join("tree/d"), { recursive: true });
    symlinkSync("/proc", work.join("tree/d"));
    const inode = lstatSync("/proc/version", { bigint: true }).ino;
    assert.deepEqual(readAll(source, { ...entry, inode }), { difference: "changed", bytes: "" });
  });
});

describe("names and depths beyond what the system takes at once", () => {
  const name = "n".repeat(250);

  /** 20 folders of 250 bytes: 5,020 bytes of path, made from within, since no call takes the whole. */
  async function makeDeep(work: TemporaryFolder): Promise<string> {
    const script =
      'import os,sys\nos.chdir(sys.argv[1])\nfor _ in range(20):\n os.mkdir(sys.argv[2]); os.chdir(sys.argv[2])\nopen("deep","w").write("content")';
    mkdirSync(work.join("tree"));
    assert.equal(spawnSync("python3", ["-c", script, work.join("tree"), name]).status, 0);
    return `${`${name}/`.repeat(20)}deep`;
  }
  const skip = spawnSync("python3", ["-V"]).status === 0 ? false : "python3 is not installed";

  test("are walked and read", { skip }, async () => {
    await using work = temporaryFolder();
    const deep = await makeDeep(work);
    const source = openFilesystemSource(work.join("tree"));
    const entries = await walk(source);
    assert.equal(entries.length, 21);
    assert.equal(entries.at(-1)?.path, deep);
    assert.deepEqual(readAll(source, entries.at(-1) ?? assert.fail()), {
      difference: undefined,
      bytes: "content",
    });
  });

  test("and replaced there, a file is a difference like any other", { skip }, async () => {
    await using work = temporaryFolder();
    const deep = await makeDeep(work);
    const source = openFilesystemSource(work.join("tree"));
    const entry = await find(source, deep);
    assert.equal(readAll(source, { ...entry, inode: entry.inode + 1n }).difference, "changed");
    assert.equal(readAll(source, { ...entry, path: `${deep}er` }).difference, "vanished");
  });

  test("leave no descriptor open", { skip }, async () => {
    await using work = temporaryFolder();
    const deep = await makeDeep(work);
    const source = openFilesystemSource(work.join("tree"));
    const entry = await find(source, deep);
    const before = readdirSync("/proc/self/fd").length;
    for (let i = 0; i < 5; i++) readAll(source, await find(source, deep));
    readAll(source, { ...entry, inode: 0n });
    for await (const _ of source.walk(everything, signal)) break;
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });
});

describe("what may not be read", () => {
  test("is that folder's and that file's own difference", async () => {
    await using work = temporaryFolder();
    put(work.path, "closed/inside");
    put(work.path, "closed-file", "secret");
    put(work.path, "open", "1");
    chmodSync(work.join("closed-file"), 0o000);
    chmodSync(work.join("closed"), 0o000);
    const source = openFilesystemSource(work.path);
    const entries = await asNobody(() => walk(source));
    assert.deepEqual(
      entries.map(({ path, type, difference }) => [path, type, difference]),
      [
        ["closed-file", "file", undefined],
        ["closed/", "directory", "unreadable"],
        ["open", "file", undefined],
      ],
    );
    assert.deepEqual(await asNobody(() => readAll(source, entries[0] ?? assert.fail())), {
      difference: "unreadable",
      bytes: "",
    });
  });

  test("is not even looked at where it is excluded", async () => {
    await using work = temporaryFolder();
    put(work.path, "a/closed/inside");
    put(work.path, "a/open", "1");
    put(work.path, "b/inside");
    chmodSync(work.join("a/closed"), 0o000);
    chmodSync(work.join("b"), 0o000);
    const source = openFilesystemSource(work.path);
    const chosen = async (options: Partial<WalkOptions>): Promise<[string, string | undefined][]> =>
      (await asNobody(() => walk(source, options))).map(({ path, difference }) => [path, difference]);
    assert.deepEqual(await chosen({ exclude: ["closed/", "/b"] }), [
      ["a/", undefined],
      ["a/open", undefined],
    ]);
    assert.deepEqual(await chosen({ include: ["/a/open"] }), [
      ["a/", undefined],
      ["a/open", undefined],
    ]);
  });
});

describe("hard links", () => {
  async function linked(options: Partial<WalkOptions>): Promise<(string | number | undefined)[][]> {
    await using work = temporaryFolder();
    put(work.path, "tree/m", "content");
    for (const path of ["b", "z", "a-"]) linkSync(work.join("tree/m"), work.join("tree", path));
    linkSync(work.join("tree/m"), work.join("outside"));
    put(work.path, "tree/alone", "1");
    const entries = await walk(openFilesystemSource(work.join("tree")), options);
    return entries.map(({ path, type, size, linkTarget }) => [path, type, size, linkTarget]);
  }

  test("the first name in plan order carries the content", async () => {
    assert.deepEqual(await linked({}), [
      ["a-", "file", 7, undefined],
      ["alone", "file", 1, undefined],
      ["b", "hardlink", 0, "a-"],
      ["m", "hardlink", 0, "a-"],
      ["z", "hardlink", 0, "a-"],
    ]);
  });

  test("the first included name carries it where the first is excluded", async () => {
    assert.deepEqual(await linked({ exclude: ["a-", "alone"] }), [
      ["b", "file", 7, undefined],
      ["m", "hardlink", 0, "b"],
      ["z", "hardlink", 0, "b"],
    ]);
  });

  test("every name carries it where copies are asked for", async () => {
    assert.ok((await linked({ hardLinks: "copy" })).every(([, type]) => type === "file"));
  });
});

describe("a change that only one thing shows", () => {
  const changes: Record<string, (file: string) => void> = {
    "the modification time": (file) => utimesSync(file, 1, 1),
    "the change time": (file) => chmodSync(file, 0o600),
    "the size": (file) => truncateSync(file, 3),
    "the inode": (file) => {
      const { atime, mtime } = lstatSync(file);
      writeFileSync(`${file}.new`, "content");
      utimesSync(`${file}.new`, atime, mtime);
      renameSync(`${file}.new`, file);
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    test(`${name} is a difference`, async () => {
      await using work = temporaryFolder();
      put(work.path, "file", "content");
      const source = openFilesystemSource(work.path);
      const entry = await find(source, "file");
      change(work.join("file"));
      assert.equal(readAll(source, entry).difference, "changed");
    });
  }
});
