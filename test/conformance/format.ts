/** The conformance suite of the Format port: what every format must do, so that a driver's test is one line. */
import assert from "node:assert/strict";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { contentLength } from "../../src/domain/entry.ts";
import type { PlannedEntry } from "../../src/domain/entry.ts";
import type { ArchiveFormat, FilesFormat, Format } from "../../src/domain/ports/format.ts";
import { isPresent, readers, run } from "./archive-readers.ts";
import type { Reader } from "./archive-readers.ts";
import { contentOfEntry, entry, packPart, packTree, partsOfTree } from "./archive-tree.ts";
import type { PackedPart } from "./archive-tree.ts";

const frameSize = 4 * 1024 * 1024;

/** Runs the suite against one format. */
export function testFormat(format: Format): void {
  describe(`format ${format.name}`, () => {
    if (format.layout === "files") testFiles(format);
    else testArchive(format);
  });
}

function testFiles(format: FilesFormat): void {
  test("a file takes its content and nothing else takes anything", () => {
    assert.equal(format.plannedSize(entry("a", "file", { size: 5 })), 5);
    assert.equal(format.plannedSize(entry("a/", "directory")), 0);
  });
  test("holds files, folders and links, but no sockets", () => {
    for (const type of ["file", "directory", "symlink", "hardlink"] as const) assert.ok(format.holds(type));
    for (const type of ["socket", "unknown"] as const) assert.ok(!format.holds(type));
  });
}

function testArchive(format: ArchiveFormat): void {
  const level = format.levels === undefined ? 0 : 3;
  const tree = packTree(format, level);
  const joined = Buffer.concat(tree.map(({ bytes }) => bytes));

  test("a part has the size that was planned", () => {
    for (const part of tree.slice(0, -1)) {
      const planned = part.entries.reduce((sum, { planned: entry }) => sum + format.plannedSize(entry), 0);
      assert.equal(part.uncompressedSize, planned);
    }
  });

  test("the same plan gives the same bytes, at every level", () => {
    const [part = []] = partsOfTree(format);
    for (const at of [level, format.levels?.min ?? 0, Math.min(format.levels?.max ?? 0, 12)]) {
      assert.deepEqual(packPart(format, part, { level: at }), packPart(format, part, { level: at }));
    }
  });

  test("sockets have no place in it, files, folders and symbolic links have", () => {
    for (const type of ["file", "directory", "symlink", "hardlink"] as const) assert.ok(format.holds(type));
    for (const type of ["socket", "unknown"] as const) assert.ok(!format.holds(type));
  });

  if (format.offsets === "stream") testFrames(format, tree);
  test("content is found where the encoder said", () => assertContentFound(format, tree, joined));
  test("an empty tree is a tail alone", () => readByAll(format, packTree(format, level, []), []));
  for (const reader of readers[format.extension] ?? []) {
    const skip = isPresent(reader.program) ? false : `${reader.program} is not installed`;
    const named = reader.args("FILE").join(" ").slice(0, 20);
    test(`is read by ${reader.program} ${JSON.stringify(named)}`, { skip }, () => {
      for (const locale of reader.locales) readBy(reader, locale, tree, partsOfTree(format).flat());
    });
  }
}

function testFrames(format: ArchiveFormat & { offsets: "stream" }, tree: readonly PackedPart[]): void {
  test("every frame but a part's last has 4 MiB, and they are all there is", () => {
    for (const { frames, bytes, uncompressedSize } of tree) {
      assert.ok(frames.slice(0, -1).every(([, size]) => size === frameSize || bytes.length < 4096));
      assert.equal(sum(frames.map(([stored]) => stored)), bytes.length);
      assert.equal(sum(frames.map(([, size]) => size)), uncompressedSize);
    }
  });

  test("each frame decodes alone", () => {
    for (const part of tree) for (const [stored, size] of framesOf(part)) format.decodeFrame(stored, size);
  });

  test("a frame of another size is Damaged", () => {
    const [stored, size] = framesOf(tree[0])[0] ?? assert.fail("no frame");
    for (const wrong of [size - 1, size + 1])
      assert.throws(() => format.decodeFrame(stored, wrong), { code: "Damaged" });
    assert.throws(() => format.decodeFrame(stored.subarray(0, -1), size), { code: "Damaged" });
  });

  test(
    "a frame with other bytes is Damaged",
    { skip: format.levels === undefined && "it has no checksum" },
    () => {
      const [stored, size] = framesOf(tree[0])[0] ?? assert.fail("no frame");
      for (const at of [0, stored.length >> 1, stored.length - 1, stored.length - 5]) {
        const damaged = Buffer.from(stored);
        damaged[at] = (damaged[at] ?? 0) ^ 0x10;
        assert.throws(() => format.decodeFrame(damaged, size), { code: "Damaged" }, `byte ${at}`);
      }
    },
  );
}

function framesOf(part: PackedPart | undefined): [stored: Uint8Array, size: number][] {
  let from = 0;
  return (part?.frames ?? []).map(([stored, size]) => [
    part?.bytes.subarray(from, (from += stored)) ?? assert.fail(),
    size,
  ]);
}

async function assertContentFound(
  format: ArchiveFormat,
  tree: readonly PackedPart[],
  joined: Buffer,
): Promise<void> {
  const found = new Map<string, Buffer>();
  const entries = new Map<string, PlannedEntry>();
  let base = 0;
  for (const part of tree) {
    const stream =
      format.offsets === "stream"
        ? Buffer.concat(framesOf(part).map(([stored, size]) => format.decodeFrame(stored, size)))
        : joined.subarray(base, base + part.bytes.length);
    for (const { planned, offset, stored } of part.entries) {
      if (planned.type !== "file") continue;
      const piece = stream.subarray(offset, offset + (stored ?? contentLength(planned)));
      found.set(planned.path, Buffer.concat([found.get(planned.path) ?? Buffer.alloc(0), piece]));
      entries.set(planned.path, planned);
    }
    base += part.bytes.length;
  }
  for (const [path, planned] of entries) {
    const bytes = found.get(path) ?? assert.fail();
    const content = format.offsets === "stored" && planned.size > 0 ? await decoded(format, bytes) : bytes;
    assert.ok(content.equals(contentOfEntry(planned)), `content of ${path}`);
  }
}

async function decoded(format: ArchiveFormat & { offsets: "stored" }, bytes: Buffer): Promise<Buffer> {
  const stored = (async function* () {
    for (let from = 0; from < bytes.length; from += 100_000) yield bytes.subarray(from, from + 100_000);
  })();
  const content: Uint8Array[] = [];
  for await (const chunk of format.decodeEntry(stored, new AbortController().signal)) content.push(chunk);
  return Buffer.concat(content);
}

function readByAll(
  format: ArchiveFormat,
  tree: readonly PackedPart[],
  expected: readonly PlannedEntry[],
): void {
  for (const reader of readers[format.extension] ?? []) {
    // Info-ZIP calls an empty zip a warning, as it does its own.
    if (reader.program === "unzip" || !isPresent(reader.program)) continue;
    readBy(reader, "C.UTF-8", tree, expected);
  }
}

/** Lets a reader have the joined archive and checks what it says and leaves. */
export function readBy(
  reader: Reader,
  locale: string,
  tree: readonly PackedPart[],
  expected: readonly PlannedEntry[],
): void {
  const scratch = mkdtempSync(join(tmpdir(), "format-"));
  try {
    const folder = join(scratch, "tree");
    mkdirSync(folder);
    const { status, said } = run(reader, {
      bytes: Buffer.concat(tree.map(({ bytes }) => bytes)),
      folder,
      locale,
    });
    assert.equal(said, "", `${reader.program} in ${locale}`);
    assert.equal(status, 0, `${reader.program} in ${locale}`);
    if (reader.extracts) assertExtracted(folder, expected);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function assertExtracted(folder: string, expected: readonly PlannedEntry[]): void {
  const paths = new Set(expected.map(({ path }) => path));
  assert.deepEqual(new Set(walk(folder)), paths);
  for (const planned of expected) {
    const { path, type, linkTarget = "" } = planned;
    const place = Buffer.from(`${folder}/${path}`, "latin1");
    const stat = lstatSync(place);
    if (type === "symlink") {
      assert.equal(readlinkSync(place, { encoding: "buffer" }).toString("latin1"), linkTarget);
      continue;
    }
    if (type === "file" || type === "hardlink") assertContent(place, planned);
    if (type === "hardlink" && planned.size === 0) continue;
    // Programs that extract a whole tree drop setuid without --preserve or without the owner.
    assert.equal(stat.mode & 0o777, planned.mode & 0o777, `mode of ${path}`);
    if (type !== "directory")
      assert.equal(Math.floor(stat.mtimeMs / 1000), Number(planned.mtime / 1_000_000_000n), path);
  }
}

function assertContent(place: Buffer, planned: PlannedEntry): void {
  if (planned.type === "hardlink" && planned.size === 0) {
    assert.equal(lstatSync(place).nlink, 2);
    return;
  }
  assert.ok(readFileSync(place).equals(contentOfEntry(planned)), `content of ${planned.path}`);
}

function walk(folder: string, under = ""): string[] {
  const names = readdirSync(Buffer.from(`${folder}/${under}`, "latin1"), { encoding: "buffer" });
  return names.flatMap((bytes) => {
    const path = under + bytes.toString("latin1");
    if (!lstatSync(Buffer.from(`${folder}/${path}`, "latin1")).isDirectory()) return [path];
    return [`${path}/`, ...walk(folder, `${path}/`)];
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
