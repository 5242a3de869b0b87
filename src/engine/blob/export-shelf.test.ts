import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { formats } from "../../../test/fixtures/packing.ts";
import { smallExport } from "../../../test/fixtures/small-export.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { ExportShelf } from "./export-shelf.ts";

const { signal } = new AbortController();

/** Exports by location, with what was asked of them. */
function world(
  places: Record<string, MemoryDestination>,
  limits: { mostExports?: number; mostParts?: number } = {},
) {
  const versions = new Map<string, string>();
  let manifests = 0;
  const openDestination = async (location: string): Promise<Destination> => {
    const memory = places[location] ?? new MemoryDestination();
    const known = versions.has(location);
    return new Proxy(memory as Destination, {
      get: (target, key) => {
        if (key === "openObject")
          return known
            ? async () => ({ version: versions.get(location), [Symbol.asyncDispose]: async () => undefined })
            : undefined;
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (key === "get" && args[0] === "manifest.json") manifests++;
          return (value as (...all: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  };
  const drivers = { openDestination, format: async (name: keyof typeof formats) => formats[name] };
  const shelf = new ExportShelf({ drivers, clock: { now: () => 0 }, ...limits });
  return { shelf, versions, manifestsRead: () => manifests };
}

const small = (name = "e"): Promise<MemoryDestination> => smallExport([[{ path: name, content: name }]]);

test("an export that did not change is opened once, however many ask at once", async () => {
  const { shelf, versions, manifestsRead } = world({ a: await small() });
  versions.set("a", "1");
  const [first, second] = await Promise.all([shelf.open("a", signal), shelf.open("a", signal)]);
  assert.equal(first, second);
  assert.equal(await shelf.open("a", signal), first);
  assert.equal(manifestsRead(), 1);
});

test("an export whose manifest changed is opened anew", async () => {
  const places = { a: await small() };
  const { shelf, versions } = world(places);
  versions.set("a", "1");
  const before = await shelf.open("a", signal);
  places.a.objects.clear();
  for (const [name, bytes] of (await small("f")).objects) places.a.objects.set(name, bytes);
  assert.equal(await shelf.open("a", signal), before, "the version says that it is the same");
  versions.set("a", "2");
  const after = await shelf.open("a", signal);
  assert.notEqual(after.opened.manifestSha256, before.opened.manifestSha256);
  assert.notEqual(after.id, before.id);
});

test("where nothing tells versions apart, the manifest itself is compared", async () => {
  const places = { a: await small() };
  const { shelf, manifestsRead } = world(places);
  const before = await shelf.open("a", signal);
  assert.equal(await shelf.open("a", signal), before);
  assert.equal(manifestsRead(), 2);
  for (const [name, bytes] of (await small("f")).objects) places.a.objects.set(name, bytes);
  assert.notEqual(await shelf.open("a", signal), before);
});

test("an export that is gone is no export, and may come back", async () => {
  const places: Record<string, MemoryDestination> = { a: await small() };
  const { shelf } = world(places);
  await shelf.open("a", signal);
  const kept = places["a"];
  places["a"] = new MemoryDestination();
  await assert.rejects(shelf.open("a", signal), { code: "NotAnExport" });
  if (kept !== undefined) places["a"] = kept;
  await shelf.open("a", signal);
  await assert.rejects(shelf.open("other", signal), { code: "NotAnExport" });
});

test("of many exports those asked for last are kept", async () => {
  const places = { a: await small(), b: await small(), c: await small() };
  for (const limits of [{ mostExports: 2 }, { mostParts: 4 }]) {
    const { shelf, versions, manifestsRead } = world(places, limits);
    for (const location of ["a", "b", "c"]) versions.set(location, "1");
    for (const location of ["a", "b", "a", "c", "a"]) await shelf.open(location, signal);
    assert.equal(manifestsRead(), 3);
    await shelf.open("b", signal);
    assert.equal(manifestsRead(), 4);
  }
  const { shelf, versions, manifestsRead } = world(places, { mostParts: 1 });
  versions.set("a", "1");
  for (let i = 0; i < 3; i++) await shelf.open("a", signal);
  assert.equal(manifestsRead(), 1, "one is always kept");
});
