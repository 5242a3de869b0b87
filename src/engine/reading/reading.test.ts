import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { smallExport, streamFormat } from "../../../test/fixtures/small-export.ts";
import { openContent } from "./content.ts";
import { allEntries, entriesUnder, findEntry } from "./index-lines.ts";
import { type Index, openIndex } from "./index-pages.ts";
import { openExport } from "./open-export.ts";
import { select, selectedEntries } from "./selection.ts";

const { signal } = new AbortController();

/** Three pieces of one file that fill whole pages, among neighbours that sort close to a folder's name. */
async function sample(): Promise<Index> {
  const piece = (
    start: number,
  ): { path: string; content: string; size: number; piece: { start: number; length: number } } => ({
    path: "d/big",
    content: `${start}`.repeat(2),
    size: 6,
    piece: { start, length: 2 },
  });
  const parts = [
    [{ path: "a" }, { path: "d-" }, { path: "d/" }, { path: "d/a\xff", content: "x" }, piece(0)],
    [piece(2)],
    [piece(4), { path: "d/z" }, { path: "e" }],
  ];
  return openIndex(await openExport(await smallExport(parts), signal), signal);
}

const paths = async (entries: AsyncIterable<readonly { entry: { path: string } }[]>): Promise<string[]> =>
  (await Array.fromAsync(entries)).flat().map(({ entry }) => entry.path);

test("everything, in order, split files once", async () => {
  const index = await sample();
  assert.deepEqual(await paths(allEntries(index, signal)), ["a", "d-", "d/", "d/a\xff", "d/big", "d/z", "e"]);
});

test("a folder, an entry, and names that are not there", async () => {
  const index = await sample();
  assert.deepEqual(await paths(entriesUnder(index, "d/", signal)), ["d/", "d/a\xff", "d/big", "d/z"]);
  assert.equal((await findEntry(index, "d/big", signal))?.pieces.length, 3);
  for (const path of ["a", "d-", "d/", "d/a\xff", "d/z", "e"])
    assert.equal((await findEntry(index, path, signal))?.entry.path, path);
  for (const path of ["", "0", "b", "d", "d/b", "d/bigg", "f", "\xff"])
    assert.equal(await findEntry(index, path, signal), undefined);
});

test("paths are selected as typed, as shown, and not twice", async () => {
  const index = await sample();
  const chosen = async (...typed: string[]): Promise<string[]> =>
    paths(selectedEntries(index, await select(index, typed, signal), signal));
  assert.deepEqual(await chosen("./e", "/d/z", "a"), ["a", "d/z", "e"]);
  assert.deepEqual(await chosen("d", "d/z"), ["d/", "d/a\xff", "d/big", "d/z"]);
  assert.deepEqual(await chosen("d/a\\377"), ["d/a\xff"]);
  assert.equal((await chosen(".")).length, 7);
  for (const typed of ["d/q", "a/", "", "d/z/"])
    await assert.rejects(chosen(typed), { code: "EntryNotFound" });
});

test("only the pages of what is looked for are read", async () => {
  const index = await sample();
  const { destination } = index.opened;
  let read = 0;
  const counting = new Proxy(destination, {
    get: (target, key) => {
      if (key === "read") read++;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await findEntry({ ...index, opened: { ...index.opened, destination: counting } }, "e", signal);
  assert.ok(read <= 2, `${read} reads`);
});

test("content comes whole, and wrong content is said to be", async () => {
  const index = await sample();
  const whole = await findEntry(index, "d/big", signal);
  assert.ok(whole);
  const content = openContent(index.opened, streamFormat);
  let text = "";
  const collect = (bytes: Uint8Array): void => void (text += Buffer.from(bytes).toString());
  assert.equal(await content.copy(whole, collect, signal), undefined);
  assert.equal(text, "002244");
  const { pieces } = whole;
  assert.match(
    (await content.copy({ ...whole, pieces: pieces.slice(1) }, collect, signal))?.message ?? "",
    /all pieces/,
  );
  const wrong = { part: 0, entry: { ...whole.entry, placement: { offset: 0, crc32: 1 } } };
  assert.match((await content.copy({ ...whole, pieces: [wrong] }, collect, signal))?.message ?? "", /CRC-32/);
  const beyond = { part: 0, entry: { ...whole.entry, placement: { offset: 1e6, crc32: 1 } } };
  assert.match(
    (await content.copy({ ...whole, pieces: [beyond] }, collect, signal))?.message ?? "",
    /does not have/,
  );
});

test("a folder without a manifest is no export", async () => {
  await assert.rejects(openExport(new MemoryDestination(), signal), { code: "NotAnExport" });
});
