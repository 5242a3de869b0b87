/** Exports in an object store: archives that are one object, and what of them a store can give by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { readBlob } from "../../../test/fixtures/read-blob.ts";
import { type SmallEntry, smallExport, streamFormat } from "../../../test/fixtures/small-export.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { sha256 } from "../digest.ts";
import { documentBytes } from "../document.ts";
import { openExport } from "../reading/open-export.ts";
import type { Blob } from "./blob.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { DecoderSlots } from "./decoder-slots.ts";
import { parseDownloadName } from "./download-name.ts";
import { openDownload } from "./open-download.ts";
import { ProvenObjects } from "./proven-objects.ts";
import { SeenObjects } from "./seen-objects.ts";
import { serveExport } from "./served-export.ts";

const { signal } = new AbortController();
const terms = { expiresInSeconds: 60 };
const parts: readonly (readonly SmallEntry[])[] = [
  [{ path: "a", content: mixedBytes(300, "a").toString("latin1") }],
  [{ path: "b", content: mixedBytes(500, "b").toString("latin1") }],
];
const partName = (number: number): string => `parts/0000000${number}.tar.zst`;

interface Manifest {
  parts: { number: number; object: string; offset?: number; size: number }[];
  run: { archive?: { object: string; size: number; etag: string } };
}

/** The objects as a store has them, whose tags are digests. */
interface Stored {
  readonly destination: Destination;
  readonly objects: Map<string, Uint8Array>;
  /** Names of objects that were opened. */
  readonly opened: string[];
  readonly archive: Buffer;
}

async function storedExport(joins: boolean): Promise<Stored> {
  const destination: MemoryDestination = await smallExport(parts);
  const { objects } = destination;
  const archive = Buffer.concat([0, 1, 2].map((number) => objects.get(partName(number)) ?? Buffer.alloc(0)));
  if (joins) join(objects, archive);
  const opened: string[] = [];
  const more: Pick<Destination, "openObject" | "presign"> = {
    openObject: async (name) => {
      opened.push(name);
      const bytes = objects.get(name);
      if (bytes === undefined) throw new LongshoreError("Damaged", `${name} is missing`);
      return {
        size: bytes.length,
        version: sha256(bytes),
        changedAt: 0,
        read: async (into, position) => {
          const run = bytes.subarray(position, position + into.length);
          into.set(run);
          return run.length;
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    presign: async (name, { expiresInSeconds }) => `https://store/${name}?${expiresInSeconds}`,
  };
  return { destination: Object.assign(destination, more), objects, opened, archive };
}

/** Makes one object of the parts, as finalize does. */
function join(objects: Map<string, Uint8Array>, archive: Buffer): void {
  const manifest = JSON.parse(Buffer.from(objects.get("manifest.json") ?? []).toString()) as Manifest;
  let offset = 0;
  for (const part of manifest.parts) {
    objects.delete(part.object);
    part.object = "archive";
    part.offset = offset;
    offset += part.size;
  }
  objects.set("small.tar.zst", archive);
  manifest.run.archive = { object: "small.tar.zst", size: offset, etag: sha256(archive) };
  objects.set("manifest.json", documentBytes(manifest));
}

async function openFiles(stored: Stored, now = () => 100_000): Promise<(rest: string) => Promise<Blob>> {
  const shared = {
    chunks: new ChunkCache(),
    proven: new ProvenObjects({ now }),
    seen: new SeenObjects({ now }),
    slots: new DecoderSlots(),
  };
  const served = serveExport(await openExport(stored.destination, signal), streamFormat, shared);
  return (rest) =>
    openDownload(
      served,
      { name: parseDownloadName(rest), links: { base: "https://h/", grant: "g" } },
      signal,
    );
}

test("an archive that is one object is read as that, its parts as pieces of it", async () => {
  const stored = await storedExport(true);
  const open = await openFiles(stored);
  const archive = await open("small.tar.zst");
  assert.deepEqual(await readBlob(archive), stored.archive);
  assert.deepEqual(await readBlob(archive, 50, 400), stored.archive.subarray(50, 400));
  let offset = 0;
  for (const number of [0, 1, 2]) {
    const part = await open(`parts/${number}`);
    assert.equal(part.fileName, `0000000${number}.tar.zst`);
    assert.deepEqual(await readBlob(part), stored.archive.subarray(offset, offset + part.size));
    offset += part.size;
  }
  for (const [entry] of parts) {
    const bytes = await readBlob(await open(`files/${entry?.path}`));
    assert.equal(bytes.toString("latin1"), entry?.content);
  }
  const metalink = (await readBlob(await open("metalink"))).toString();
  assert.match(metalink, /<file name="parts\/00000001\.tar\.zst">/);
  await assert.rejects(open("parts/3"), { code: "ResourceNotFound" });
});

test("a damaged byte is in its part alone, and a cut in all that follow", async () => {
  const stored = await storedExport(true);
  const open = await openFiles(stored);
  const { size } = await open("parts/0");
  const bytes = Buffer.from(stored.archive);
  bytes[size + 5] = (bytes[size + 5] ?? 0) ^ 1;
  stored.objects.set("small.tar.zst", bytes);
  assert.equal((await readBlob(await open("parts/0"))).length, size);
  await assert.rejects(readBlob(await open("parts/1")), { code: "Damaged" });
  await assert.rejects(readBlob(await open("small.tar.zst")), { code: "Damaged" });
  stored.objects.set("small.tar.zst", stored.archive.subarray(0, size + 5));
  assert.equal((await readBlob(await open("parts/0"))).length, size);
  await assert.rejects(readBlob(await open("parts/1"), 0, 1), { code: "Damaged" });
  await assert.rejects(readBlob(await open("parts/2"), 0, 1), { code: "Damaged" });
  stored.objects.set("small.tar.zst", Buffer.concat([stored.archive, Buffer.from("more")]));
  await assert.rejects(readBlob(await open("parts/2"), 0, 1), { code: "Damaged" });
});

for (const [joins, own] of [
  [true, { "small.tar.zst": "small.tar.zst" }],
  [false, { "parts/1": partName(1), [partName(2)]: partName(2) }],
] as const)
  test(`what a store can give by itself where the archive is ${joins ? "one object" : "many"}`, async () => {
    const open = await openFiles(await storedExport(joins));
    const records = {
      "manifest.json": "manifest.json",
      "index.jsonl.zst": "index.jsonl.zst",
      SHA256SUMS: "SHA256SUMS",
    };
    for (const [rest, object] of Object.entries({ ...own, ...records })) {
      const { stored } = await open(rest);
      if (rest === "SHA256SUMS") assert.ok(stored);
      else assert.equal(await stored?.presign(terms, signal), `https://store/${object}?60`);
    }
    for (const rest of ["files/a", "metalink", joins ? "parts/1" : "small.tar.zst"])
      assert.equal((await open(rest)).stored, undefined, rest);
  });

test("a destination without URLs gives none", async () => {
  const stored = await storedExport(true);
  stored.destination.presign = undefined as never;
  const open = await openFiles(stored);
  assert.equal((await open("small.tar.zst")).stored, undefined);
});

test("an object is looked at before its URL is made, and not again for a moment", async () => {
  const stored = await storedExport(true);
  let now = 0;
  const open = await openFiles(stored, () => now);
  const sign = async (): Promise<string | undefined> =>
    (await open("small.tar.zst")).stored?.presign(terms, signal);
  const looks = (): number => stored.opened.filter((name) => name === "small.tar.zst").length;
  await sign();
  now = 9_999;
  await sign();
  assert.equal(looks(), 1);
  now = 10_000;
  await sign();
  assert.equal(looks(), 2);
  // A clock that was set back.
  now = 5_000;
  await sign();
  assert.equal(looks(), 3);
  const other = Buffer.from(stored.archive);
  other[0] = (other[0] ?? 0) ^ 1;
  for (const bytes of [other, stored.archive.subarray(1), undefined]) {
    now += 10_000;
    if (bytes === undefined) stored.objects.delete("small.tar.zst");
    else stored.objects.set("small.tar.zst", bytes);
    await assert.rejects(sign(), { code: "Damaged" });
  }
});

test("what was seen is forgotten, the oldest first", () => {
  const seen = new SeenObjects({ now: () => 0 }, 2);
  for (const key of ["a", "b", "a", "c"]) seen.add(key);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => seen.has(key)),
    [true, false, true],
  );
});
