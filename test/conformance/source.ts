/** The conformance suite of the Source port: what every tree to take out must do, so that a driver's test is ten lines. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DifferenceReason, Entry } from "../../src/domain/entry.ts";
import type { EntryReader, Source, WalkOptions } from "../../src/domain/ports/source.ts";
import { mixedBytes } from "../fixtures/mixed-bytes.ts";

/** A tree that holds the files it was made with, and can be changed behind the source's back. */
export interface SourceTree extends AsyncDisposable {
  readonly source: Source;
  /** A folder for scratch files. */
  readonly scratch: string;
  /** Puts other bytes under the path, as a program would that works in the tree. */
  replace(path: string, bytes: Uint8Array): void | Promise<void>;
  remove(path: string): void | Promise<void>;
}

export type TreeFiles = Readonly<Record<string, Uint8Array>>;

const { signal } = new AbortController();

/** Names that sort around "/", so that an order by folder and by path differ. */
const tree: TreeFiles = {
  "a-/b": Buffer.from("2"),
  "a.": Buffer.from("3"),
  "a.b/c/d": Buffer.from("4"),
  "a/-": Buffer.from("5"),
  "a/b": Buffer.from(""),
  "a/b.csv": mixedBytes(70_000, "csv"),
  a0: Buffer.from("7"),
  B: Buffer.from("8"),
  "gr\xc3\xbc\xc3\x9fe/x": Buffer.from("9"),
  "z/big": mixedBytes(3_000_001, "big"),
};

/** Runs the suite against the trees that `open` makes of files; paths are byte strings. */
export function testSource(
  name: string,
  open: (files: TreeFiles) => Promise<SourceTree>,
  { skip = false }: { readonly skip?: string | false } = {},
): void {
  const walk = async (made: SourceTree, options: Partial<WalkOptions> = {}): Promise<Entry[]> => {
    const everything = {
      include: [],
      exclude: [],
      crossFileSystems: false,
      hardLinks: "link",
      scratch: made.scratch,
    } as const;
    return (await Array.fromAsync(made.source.walk({ ...everything, ...options }, signal))).flat();
  };
  const fileOf = async (made: SourceTree, path: string): Promise<Entry> =>
    (await walk(made)).find((entry) => entry.path === path) ?? assert.fail(`${path} is missing`);

  describe(`source ${name}`, { skip }, () => {
    test("gives every entry once, in byte order of full paths, whole folders or none", async () => {
      await using made = await open(tree);
      const paths = (await walk(made)).map(({ path }) => path);
      assert.deepEqual(paths, [...new Set(paths)].toSorted(byUnits));
      assert.deepEqual(
        paths.filter((path) => !path.endsWith("/")),
        Object.keys(tree).toSorted(byUnits),
      );
    });

    test("gives the same entries again while nothing changes", async () => {
      await using made = await open(tree);
      assert.deepEqual(await walk(made), await walk(made));
    });

    test("gives what the content measures", async () => {
      await using made = await open(tree);
      for (const entry of await walk(made)) {
        assert.equal(entry.difference, undefined);
        if (entry.type === "directory") assert.ok(entry.path.endsWith("/"));
        else assert.deepEqual([entry.type, entry.size], ["file", tree[entry.path]?.length], entry.path);
      }
    });

    test("an empty tree has no entries", async () => {
      await using made = await open({});
      assert.deepEqual(await walk(made), []);
    });

    test("include and exclude choose by the rules of gitignore, on bytes", async () => {
      await using made = await open(tree);
      const chosen = async (options: Partial<WalkOptions>): Promise<string[]> =>
        (await walk(made, options)).map(({ path }) => path).filter((path) => !path.endsWith("/"));
      assert.deepEqual(await chosen({ include: ["*.csv"] }), ["a/b.csv"]);
      assert.deepEqual(await chosen({ include: ["/a/"] }), ["a/-", "a/b", "a/b.csv"]);
      assert.deepEqual(await chosen({ include: ["/a/"], exclude: ["*.csv"] }), ["a/-", "a/b"]);
      assert.deepEqual(await chosen({ include: ["/a/*", "!/a/b"] }), ["a/-", "a/b.csv"]);
      assert.deepEqual(await chosen({ include: ["gr\u00fc\u00dfe/"] }), ["gr\xc3\xbc\xc3\x9fe/x"]);
      assert.deepEqual(await chosen({ include: ["b"] }), ["a-/b", "a/b"]);
      assert.deepEqual(await chosen({ exclude: ["a*", "z/"] }), ["B", "gr\xc3\xbc\xc3\x9fe/x"]);
      assert.deepEqual(await chosen({ include: ["none"] }), []);
    });

    test("reads any range of a file, short only at its end", async () => {
      await using made = await open(tree);
      const content = tree["z/big"] ?? assert.fail();
      const reader = await opened(made.source, await fileOf(made, "z/big"));
      for (const [position, length] of [
        [0, 100],
        [2_999_900, 101],
        [1_234_567, 1_000_000],
        [0, 3_000_001],
        [3_000_000, 50],
        [3_000_001, 50],
      ] as const) {
        const into = Buffer.alloc(length, 0xaa);
        const read = await reader.read(into, position);
        assert.ok(
          into.subarray(0, read).equals(content.subarray(position, position + length)),
          `${position}`,
        );
        assert.ok(
          into.subarray(read).every((byte) => byte === 0xaa),
          "what was not read is left alone",
        );
      }
      assert.equal(await reader.difference(), undefined);
      await reader.close();
    });

    test("a walk that is cancelled ends, and one that nobody goes on with too", async () => {
      await using made = await open(tree);
      const options = {
        include: [],
        exclude: [],
        crossFileSystems: false,
        hardLinks: "link",
        scratch: made.scratch,
      } as const;
      const controller = new AbortController();
      controller.abort(new Error("enough"));
      await assert.rejects(Array.fromAsync(made.source.walk(options, controller.signal)), {
        message: "enough",
      });
      for await (const _ of made.source.walk(options, signal)) break;
    });

    test("what changed since it was seen is a difference", async () => {
      await using made = await open(tree);
      const entries = new Map((await walk(made)).map((entry) => [entry.path, entry]));
      const changes: Record<string, Uint8Array> = {
        "a/-": Buffer.from("longer than before"),
        "z/big": Buffer.from("shorter"),
        B: Buffer.from("X"),
      };
      for (const [path, bytes] of Object.entries(changes)) {
        await made.replace(path, bytes);
        assert.equal(await differenceOf(made.source, entries.get(path)), "changed", path);
      }
      assert.equal(await differenceOf(made.source, entries.get("a/b.csv")), undefined);
    });

    test("what changes while it is read is a difference", async () => {
      await using made = await open(tree);
      const planned = tree["z/big"] ?? assert.fail();
      const reader = await opened(made.source, await fileOf(made, "z/big"));
      await reader.read(Buffer.alloc(1000), 0);
      await made.replace("z/big", mixedBytes(3_000_001, "other"));
      const later = Buffer.alloc(1000);
      await reader.read(later, 1000);
      // A store goes on giving the object that was there when it was asked for: then there is no difference to tell.
      const isPlanned = later.equals(planned.subarray(1000, 2000));
      assert.ok(isPlanned || (await reader.difference()) === "changed");
      await reader.read(later, 2_000_000);
      const isStillPlanned = later.equals(planned.subarray(2_000_000, 2_001_000));
      assert.ok((isPlanned && isStillPlanned) || (await reader.difference()) === "changed");
      await reader.close();
    });

    test("what is gone has vanished", async () => {
      await using made = await open(tree);
      const entries = new Map((await walk(made)).map((entry) => [entry.path, entry]));
      for (const path of ["a.b/c/d", "a0"]) {
        await made.remove(path);
        assert.equal(await differenceOf(made.source, entries.get(path)), "vanished", path);
      }
    });
  });
}

async function opened(source: Source, entry: Entry): Promise<EntryReader> {
  const reader = await source.open(entry);
  return typeof reader === "string" ? assert.fail(`${entry.path} is ${reader}`) : reader;
}

/** What is said of the entry after as much of it was read as was planned. */
async function differenceOf(source: Source, entry: Entry | undefined): Promise<DifferenceReason | undefined> {
  assert.ok(entry);
  const reader = await source.open(entry);
  if (typeof reader === "string") return reader;
  await reader.read(Buffer.alloc(entry.size), 0);
  const difference = await reader.difference();
  await reader.close();
  return difference;
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : 1);
