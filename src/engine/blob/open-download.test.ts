import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemoryDestination } from "../../../test/fixtures/memory-destination.ts";
import { mixedBytes } from "../../../test/fixtures/mixed-bytes.ts";
import { readBlob } from "../../../test/fixtures/read-blob.ts";
import { type SmallEntry, smallExport, streamFormat, sumUp } from "../../../test/fixtures/small-export.ts";
import { sha256 } from "../digest.ts";
import { openExport } from "../reading/open-export.ts";
import type { Blob } from "./blob.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { DecoderSlots } from "./decoder-slots.ts";
import { type DownloadName, parseDownloadName } from "./download-name.ts";
import { openDownload } from "./open-download.ts";
import { ProvenObjects } from "./proven-objects.ts";
import { SeenObjects } from "./seen-objects.ts";
import { type ServedExport, serveExport } from "./served-export.ts";

const { signal } = new AbortController();
const links = { base: "https://host/d/ns/small/", grant: "abc.DEF-_" };
const big = mixedBytes(700, "big").toString("latin1");

/** A file in three pieces among small ones, links and folders. */
const parts: readonly (readonly SmallEntry[])[] = [
  [
    { path: "d/" },
    { path: "d/a\xff\n\"&'<b>", content: "odd" },
    { path: "d/big", content: big.slice(0, 300), size: 700, piece: { start: 0, length: 300 } },
  ],
  [{ path: "d/big", content: big.slice(300, 600), size: 700, piece: { start: 300, length: 300 } }],
  [
    { path: "d/big", content: big.slice(600), size: 700, piece: { start: 600, length: 100 } },
    { path: "d/changed", content: "as it was", placement: { difference: "changed" } },
    { path: "d/empty" },
    { path: "d/hard", type: "hardlink", linkTarget: "d/big" },
    { path: "d/lost", content: "\0\0\0", placement: { difference: "vanished" } },
    { path: "d/nowhere", type: "hardlink", linkTarget: "d/soft" },
    { path: "d/soft", type: "symlink", linkTarget: "big" },
    { path: "e", content: "the end" },
  ],
];

async function serve(destination: MemoryDestination): Promise<ServedExport> {
  const shared = {
    chunks: new ChunkCache(),
    proven: new ProvenObjects({ now: () => 0 }),
    seen: new SeenObjects({ now: () => 0 }),
    slots: new DecoderSlots(),
  };
  return serveExport(await openExport(destination, signal), streamFormat, shared);
}

const named = (served: ServedExport, rest: string): Promise<Blob> =>
  openDownload(served, { name: parseDownloadName(rest), links }, signal);

const stored = ({ objects }: MemoryDestination, name: string): Buffer => Buffer.from(objects.get(name) ?? []);

for (const [rest, expected] of [
  ["reports.tar.zst", { kind: "archive", file: "reports.tar.zst" }],
  ["metalink", { kind: "metalink" }],
  ["reports.meta4", { kind: "metalink", file: "reports.meta4" }],
  ["SHA256SUMS", { kind: "record", record: "SHA256SUMS" }],
  ["statement.json.sig", { kind: "record", record: "statement.json.sig" }],
  ["parts/0", { kind: "part", part: 0 }],
  ["parts/00000012", { kind: "part", part: 12 }],
  ["parts/00000000-ab.tar", { kind: "part", part: "parts/00000000-ab.tar" }],
  ["parts/../manifest.json", { kind: "part", part: "parts/../manifest.json" }],
  ["files/a/b", { kind: "entry", path: "a/b" }],
  ["files/\xff", { kind: "entry", path: "\xff" }],
  ["files//a", { kind: "entry", path: "/a" }],
  // Neither plan nor receipts: they can at most be the name of an archive, which no export has.
  ["plan.json", { kind: "archive", file: "plan.json" }],
] as const)
  test(`${rest} is ${JSON.stringify(expected)}`, () => {
    const name: DownloadName = parseDownloadName(rest);
    assert.deepEqual(name, expected);
  });

for (const rest of ["", "files", "files/", "parts/", "receipts/00000000.json", "other/x", "/", "../x"])
  test(`"${rest}" is nothing`, async () => {
    const served = await serve(await smallExport(parts));
    await assert.rejects(async () => named(served, rest), { code: "ResourceNotFound" });
  });

test("the archive is its parts, and a part is a part", async () => {
  const destination = await smallExport(parts);
  const served = await serve(destination);
  const objects = [0, 1, 2, 3].map((number) => stored(destination, `parts/0000000${number}.tar.zst`));
  const archive = await named(served, "small.tar.zst");
  const joined = Buffer.concat(objects);
  assert.deepEqual(
    [archive.size, archive.fileName, archive.sha256],
    [joined.length, "small.tar.zst", undefined],
  );
  assert.deepEqual(await readBlob(archive), joined);
  assert.deepEqual(await readBlob(archive, 50, 500), joined.subarray(50, 500));
  for (const [number, object] of objects.entries())
    for (const rest of [`parts/${number}`, `parts/0000000${number}.tar.zst`]) {
      const part = await named(served, rest);
      assert.deepEqual([part.sha256, part.fileName], [sha256(object), `0000000${number}.tar.zst`]);
      assert.deepEqual(await readBlob(part), object);
    }
  for (const rest of [
    "parts/4",
    "parts/99999999",
    "parts/../manifest.json",
    "small.tar",
    "other.tar.zst",
    "x.meta4",
  ])
    await assert.rejects(named(served, rest), { code: "ResourceNotFound" }, rest);
});

test("the records are what lies there, and differ in their tags", async () => {
  const destination = await smallExport(parts);
  destination.objects.set("statement.json", Buffer.from("{}"));
  const served = await serve(destination);
  const tags = new Set<string>();
  for (const rest of [
    "manifest.json",
    "SHA256SUMS",
    "index.jsonl.zst",
    "index.pages.json",
    "statement.json",
  ]) {
    const blob = await named(served, rest);
    assert.deepEqual(await readBlob(blob), stored(destination, rest), rest);
    assert.equal(blob.sha256, sha256(stored(destination, rest)), rest);
    tags.add(blob.etag);
  }
  assert.equal(tags.size, 5);
  for (const rest of ["statement.json.sig", "differences.jsonl", "plan.json"])
    await assert.rejects(named(served, rest), { code: "ResourceNotFound" }, rest);
});

test("a record that is not what the manifest says is Damaged", async () => {
  for (const rest of ["SHA256SUMS", "index.jsonl.zst"])
    for (const change of ["shorter", "other"] as const) {
      const destination = await smallExport(parts);
      const bytes = stored(destination, rest);
      destination.objects.set(rest, change === "shorter" ? bytes.subarray(1) : Buffer.alloc(bytes.length));
      const served = await serve(destination);
      await assert.rejects(
        named(served, rest).then((blob) => readBlob(blob)),
        { code: "Damaged" },
        rest,
      );
    }
  const destination = await smallExport(parts);
  destination.objects.set("statement.json", Buffer.alloc(70_000));
  await assert.rejects(named(await serve(destination), "statement.json"), { code: "Damaged" });
});

test("entries are their content, in whole and in any part", async () => {
  const served = await serve(await smallExport(parts));
  for (const [path, content] of [
    ["d/big", big],
    ["d/hard", big],
    ["d/empty", ""],
    ["d/a\xff\n\"&'<b>", "odd"],
    ["d/changed", "as it was"],
    ["e", "the end"],
  ] as const) {
    const blob = await named(served, `files/${path}`);
    assert.equal(blob.fileName, path.slice(path.lastIndexOf("/") + 1));
    // Of nothing it is known without being kept.
    if (content === "") assert.equal(blob.sha256, sha256(""));
    assert.equal((await readBlob(blob)).toString("latin1"), content, path);
    for (const [from, end] of [
      [0, 1],
      [250, 350],
      [299, 300],
      [300, 700],
      [699, 700],
    ] as const)
      if (end <= content.length)
        assert.equal((await readBlob(blob, from, end, 60)).toString("latin1"), content.slice(from, end));
  }
});

test("what is no file can't be downloaded, nor what is not there", async () => {
  const served = await serve(await smallExport(parts));
  for (const [path, code] of [
    ["d", "NotDownloadable"],
    ["d/", "NotDownloadable"],
    ["d/soft", "NotDownloadable"],
    ["d/lost", "ResourceNotFound"],
    ["d/nowhere", "Damaged"],
    ["d/none", "ResourceNotFound"],
    ["d/bigg", "ResourceNotFound"],
    ["../d/big", "ResourceNotFound"],
    ["d/../d/big", "ResourceNotFound"],
    ["./d/big", "ResourceNotFound"],
    ["d//big", "ResourceNotFound"],
    ["/d/big", "ResourceNotFound"],
    ["d/big/", "ResourceNotFound"],
    ["d/big\0", "ResourceNotFound"],
  ] as const)
    await assert.rejects(named(served, `files/${path}`), { code }, path);
});

test("a range deep inside a split file reads the frame that has it, and no other", async () => {
  const destination = await smallExport(parts);
  const read: string[] = [];
  const original = destination.read.bind(destination);
  destination.read = (name, range, inner) => {
    if (name.startsWith("parts/")) read.push(name);
    return original(name, range, inner);
  };
  const blob = await named(await serve(destination), "files/d/big");
  assert.equal((await readBlob(blob, 640, 645)).toString("latin1"), big.slice(640, 645));
  assert.deepEqual(read, ["parts/00000002.tar.zst"]);
});

test("damage in a frame, a receipt or the index is never given out", async () => {
  const damages: Record<string, (objects: Map<string, Uint8Array>) => void> = {
    "a frame": (objects) => objects.get("parts/00000001.tar.zst")?.fill(1, 40, 50),
    "a part that is too short": (objects) =>
      objects.set(
        "parts/00000001.tar.zst",
        (objects.get("parts/00000001.tar.zst") ?? new Uint8Array()).subarray(0, 100),
      ),
    "a receipt": (objects) => objects.get("receipts/00000001.json")?.fill(32, 0, 1),
    "a part that is gone": (objects) => objects.delete("parts/00000001.tar.zst"),
  };
  for (const [what, damage] of Object.entries(damages)) {
    const destination = await smallExport(parts);
    damage(destination.objects);
    const blob = await named(await serve(destination), "files/d/big");
    assert.equal((await readBlob(blob, 0, 300)).toString("latin1"), big.slice(0, 300), what);
    await assert.rejects(readBlob(blob), { code: "Damaged" }, what);
  }
});

test("a hostile index misleads nobody", async () => {
  const cases: Record<string, SmallEntry[]> = {
    "another CRC-32": [{ path: "x", content: "content", placement: { crc32: 1 } }],
    "bytes that the part does not have": [{ path: "x", content: "content", placement: { offset: 1e9 } }],
    "a size beyond the part": [{ path: "x", content: "content", size: 1e6 }],
    "a piece that is missing": [{ path: "x", content: "content", size: 14, piece: { start: 7, length: 7 } }],
    "a hard link to itself": [{ path: "x", type: "hardlink", linkTarget: "x" }],
    "a hard link to nothing": [{ path: "x", type: "hardlink", linkTarget: "y" }],
  };
  for (const [what, entries] of Object.entries(cases)) {
    const served = await serve(await smallExport([entries]));
    await assert.rejects(
      named(served, "files/x").then((blob) => readBlob(blob)),
      { code: "Damaged" },
      what,
    );
  }
});

test("the tag changes with the bytes, and with nothing else", async () => {
  const tagsOf = async (given: readonly (readonly SmallEntry[])[]): Promise<string[]> => {
    const served = await serve(await smallExport(given));
    const blobs = [
      "small.tar.zst",
      "parts/0",
      "parts/2",
      "files/d/big",
      "files/e",
      "metalink",
      "manifest.json",
    ].map((rest) => named(served, rest));
    return (await Promise.all(blobs)).map(({ etag }) => etag);
  };
  const tags = await tagsOf(parts);
  assert.equal(new Set(tags).size, tags.length);
  for (const tag of tags) assert.match(tag, /^"[\x21\x23-\x7e]+"$/);
  assert.deepEqual(await tagsOf(parts), tags);
  const [first = [], second = [], last = []] = parts;
  const changed = await tagsOf([first, second, [...last.slice(0, -1), { path: "e", content: "the End" }]]);
  assert.deepEqual(
    changed.map((tag, i) => tag === tags[i]),
    [false, true, false, false, false, false, false],
  );
});

test("the metalink names the archive and every part, and can be had from any byte", async () => {
  const destination = await smallExport(parts);
  const served = await serve(destination);
  const blob = await named(served, "small.meta4");
  const text = (await readBlob(blob)).toString();
  assert.equal(Buffer.byteLength(text), blob.size);
  const files = [
    ...text.matchAll(
      /<file name="([^"]*)">\s*<size>(\d+)<\/size>\s*(?:<hash type="sha-256">(\w+)<\/hash>)?\s*<url>([^<]*)<\/url>\s*<\/file>/g,
    ),
  ];
  const objects = [0, 1, 2, 3].map((number) => `parts/0000000${number}.tar.zst`);
  const total = objects.reduce((sum, name) => sum + stored(destination, name).length, 0);
  assert.deepEqual(
    files.map(([, ...file]) => file),
    [
      ["small.tar.zst", String(total), undefined, "https://host/d/ns/small/small.tar.zst?grant=abc.DEF-_"],
      ...objects.map((name, number) => {
        const bytes = stored(destination, name);
        return [
          name,
          String(bytes.length),
          sha256(bytes),
          `https://host/d/ns/small/parts/${number}?grant=abc.DEF-_`,
        ];
      }),
    ],
  );
  for (const from of [0, 1, 100, 400, blob.size - 3])
    assert.equal((await readBlob(blob, from)).toString(), text.slice(from));
  const other = await openDownload(
    served,
    { name: { kind: "metalink" }, links: { base: 'https://"<&>/', grant: undefined } },
    signal,
  );
  assert.notEqual(other.etag, blob.etag);
  assert.match((await readBlob(other)).toString(), /<url>https:\/\/&#34;&#60;&#38;&#62;\/parts\/0<\/url>/);
});

test("a manifest of another export is not this one's", async () => {
  const destination = await smallExport(parts);
  const served = await serve(destination);
  const other = await smallExport([[{ path: "e" }]]);
  destination.objects.set("manifest.json", stored(other, "manifest.json"));
  await sumUp(destination);
  for (const rest of ["manifest.json", "SHA256SUMS"])
    await assert.rejects(
      named(served, rest).then((blob) => readBlob(blob)),
      { code: "Damaged" },
      rest,
    );
});
