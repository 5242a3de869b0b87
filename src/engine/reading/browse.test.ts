import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type SmallEntry, smallExport } from "../../../test/fixtures/small-export.ts";
import { browseFolder, findIndexed } from "./browse.ts";
import { type Index, openIndex } from "./index-pages.ts";
import { openExport } from "./open-export.ts";

const { signal } = new AbortController();

async function indexOf(...parts: readonly (readonly SmallEntry[])[]): Promise<Index> {
  return openIndex(await openExport(await smallExport(parts), signal), signal);
}

const entriesOf = (paths: readonly string[]): SmallEntry[] => paths.map((path) => ({ path }));

async function everyPage(index: Index, folder: string, limit: number): Promise<string[] | undefined> {
  const paths: string[] = [];
  let from: string | undefined;
  do {
    const page = await browseFolder(index, { folder, from, limit }, signal);
    if (page === undefined) return undefined;
    assert.ok(page.children.length <= limit);
    paths.push(...page.children.map((child) => child.path));
    from = page.next;
  } while (from !== undefined);
  return paths;
}

test("one level, folders once, whether or not they have an entry of their own", async () => {
  const index = await indexOf(entriesOf(["a", "d-", "d/", "d/x/y", "d/x/z", "d0", "e/f/g", "e/h\xff", "z"]));
  for (const limit of [1, 2, 3, 100]) {
    assert.deepEqual(await everyPage(index, "", limit), ["a", "d-", "d/", "d0", "e/", "z"]);
    assert.deepEqual(await everyPage(index, "d/", limit), ["d/x/"]);
    assert.deepEqual(await everyPage(index, "e/", limit), ["e/f/", "e/h\xff"]);
  }
  const root = await browseFolder(index, { folder: "", limit: 9 }, signal);
  assert.deepEqual(
    root?.children.map(({ entry }) => entry?.type),
    ["file", "file", "directory", "file", undefined, "file"],
  );
});

test("an empty folder is there, one that nothing names is not", async () => {
  const index = await indexOf(entriesOf(["a", "d/"]));
  assert.deepEqual(await browseFolder(index, { folder: "d/", limit: 5 }, signal), { children: [] });
  for (const folder of ["c/", "a/", "d/d/", "z/"])
    assert.equal(await browseFolder(index, { folder, limit: 5 }, signal), undefined);
  assert.deepEqual(await browseFolder(await indexOf([]), { folder: "", limit: 5 }, signal), { children: [] });
});

test("a split file is one child, over pages and parts", async () => {
  const piece = (start: number): SmallEntry => ({
    path: "d/big",
    content: "xx",
    size: 10,
    piece: { start, length: 2 },
  });
  const index = await indexOf(
    [{ path: "d/" }, piece(0)],
    [piece(2)],
    [piece(4)],
    [piece(6), piece(8), { path: "d/z" }],
  );
  assert.deepEqual(await everyPage(index, "d/", 1), ["d/big", "d/z"]);
  assert.equal((await findIndexed(index, "d/big", signal))?.size, 10);
  for (const path of ["d/bi", "d/bigg", "d", ""])
    assert.equal(await findIndexed(index, path, signal), undefined);
});

test("subfolders of any size cost one look each", async () => {
  const paths: string[] = [];
  for (let folder = 10; folder < 40; folder++)
    for (let file = 100; file < 300; file++) paths.push(`big/${folder}/${file}`);
  const index = await indexOf(entriesOf(paths));
  assert.equal(index.pages.length, paths.length / 2);
  const { reads, counted } = counting(index);
  const page = await browseFolder(counted, { folder: "big/", limit: 10 }, signal);
  assert.equal(page?.children.length, 10);
  assert.equal(page.next, "big/20/");
  assert.ok(reads() <= 24, `${reads()} pages of ${index.pages.length} were read`);
});

test("a page of a flat folder reads only the pages that it shows", async () => {
  const paths = Array.from({ length: 4000 }, (_, i) => `flat/${10_000 + i}`);
  const index = await indexOf(entriesOf(paths));
  const { reads, counted } = counting(index);
  const page = await browseFolder(counted, { folder: "flat/", from: "flat/12000", limit: 20 }, signal);
  assert.deepEqual(
    page?.children.map((child) => child.path),
    paths.slice(2000, 2020),
  );
  assert.ok(reads() <= 13, `${reads()} pages of ${index.pages.length} were read`);
});

test("whatever the tree, the pages together are the level of a simple model", async () => {
  const name = fc.stringMatching(/^[-.0a\xff]{1,2}$/).filter((text) => text !== "." && text !== "..");
  const tree = fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 4 }), {
    maxLength: 30,
    selector: (parts) => parts.join("/"),
  });
  await fc.assert(
    fc.asyncProperty(tree, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (files, limit, own) => {
      const folders = new Set(files.flatMap((parts) => parts.slice(1).map((_, i) => folderOf(parts, i + 1))));
      const paths = files.map((parts) => parts.join("/")).filter((path) => !folders.has(`${path}/`));
      const all = [...paths, ...(own ? folders : [])].toSorted((a, b) => (a < b ? -1 : 1));
      const index = await indexOf(entriesOf(all));
      for (const folder of ["", ...folders])
        assert.deepEqual(await everyPage(index, folder, limit), levelOf(all, folder));
    }),
    { numRuns: 60 },
  );
});

test("an index that is not in order ends, with an error or with nothing twice", async () => {
  const names = fc.array(fc.constantFrom("a", "b/", "b/c", "b/c/d", "e", "f/g"), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(names, async (paths) => {
      const index = await indexOf(entriesOf(paths));
      const found = await everyPage(index, "", 3).catch((error: unknown) => {
        assert.equal((error as { code?: string }).code, "Damaged");
        return [];
      });
      assert.equal(new Set(found).size, found?.length);
    }),
    { numRuns: 100 },
  );
});

const folderOf = (parts: readonly string[], depth: number): string => `${parts.slice(0, depth).join("/")}/`;

function levelOf(paths: readonly string[], folder: string): string[] {
  const children = paths
    .filter((path) => path.startsWith(folder) && path !== folder)
    .map((path) => {
      const slash = path.indexOf("/", folder.length);
      return slash < 0 ? path : path.slice(0, slash + 1);
    });
  return [...new Set(children)].toSorted((a, b) => (a < b ? -1 : 1));
}

function counting(index: Index): { reads: () => number; counted: Index } {
  let reads = 0;
  const destination = new Proxy(index.opened.destination, {
    get: (target, key) => {
      if (key === "read") reads++;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { reads: () => reads, counted: { ...index, opened: { ...index.opened, destination } } };
}
