/** A small tree with every name and size that archive formats have stumbled over, cut into parts, and the means to pack them. */
import { crc32 } from "node:zlib";
import { crc32Combine } from "../../src/domain/crc32-combine.ts";
import type { Entry, EntryType, PlannedEntry } from "../../src/domain/entry.ts";
import { contentLength } from "../../src/domain/entry.ts";
import type { ArchiveFormat, EncodedPart } from "../../src/domain/ports/format.ts";

const bigSize = 11_000_003;
/** Boundaries that are multiples of nothing. */
const bigCuts = [0, 3_000_001, 9_000_000, bigSize];

export function entry(path: string, type: EntryType, more: Partial<Entry> = {}): Entry {
  const base = { mode: 0o640, uid: 1000, gid: 1001, ctime: 0n, inode: 1n, size: 0 };
  return { path, type, mtime: 1_600_000_001_500_000_000n, ...base, ...more };
}

/** Pieces of one file stand in consecutive parts; the parts between begin or end inside it. */
export function partsOfTree(format: ArchiveFormat): PlannedEntry[][] {
  const big = entry("big", "file", { size: bigSize });
  const pieces = bigCuts.slice(1).map((end, i) => {
    const start = bigCuts[i] ?? 0;
    return { ...big, piece: { start, length: end - start } };
  });
  const [first = [], second = [], third = []] = pieces.map((piece) => [piece]);
  const held = (entries: Entry[]): Entry[] => entries.filter(({ type }) => format.holds(type));
  return [
    held(namesAndSizes()),
    [...held(namesInFolders()), ...first],
    second,
    [...third, ...held(links(format))],
  ];
}

function namesAndSizes(): Entry[] {
  const directory = entry("a/", "directory", { mode: 0o755 });
  const sizes = [0, 1, 511, 512, 513, 4096, 5_000_000].map((size) => entry(`a/${size}`, "file", { size }));
  const names = [99, 100, 101, 102].map((length) => `a/${"n".repeat(length - 2)}`);
  const special = [
    "new\nline",
    "\xff\xfe",
    `gr\xc3\xb6\xc3\x9fe`,
    "x".repeat(255),
    " ",
    "-rf",
    "back\\slash",
    "*?",
  ];
  const paths = [...names, ...special.map((name) => `a/${name}`)];
  return [directory, ...sizes, ...paths.map((path) => entry(path, "file", { size: path.length }))];
}

function namesInFolders(): Entry[] {
  const paths = [99, 100, 101, 255].map((length) => `a${"d".repeat(length - 1)}/`);
  const mode = 0o750;
  return paths.flatMap((path) => [
    entry(path, "directory", { mode }),
    entry(`${path}${"f".repeat(120)}`, "file", { size: 3, mode: 0o4755 }),
  ]);
}

function links(format: ArchiveFormat): Entry[] {
  const size = format.hardLinks === "copy" ? 513 : 0;
  return [
    entry("hard", "hardlink", { linkTarget: "a/513", size }),
    entry("hard-long", "hardlink", {
      linkTarget: `a/${"n".repeat(100)}`,
      size: format.hardLinks === "copy" ? 102 : 0,
    }),
    entry("pipe", "fifo"),
    ...[1, 99, 100, 101, 1000].map((length) =>
      entry(`symlink-${length}`, "symlink", { linkTarget: "t".repeat(length), mode: 0o777 }),
    ),
    entry("symlink-bytes", "symlink", { linkTarget: "\xff\n\xc3\xb6", mode: 0o777 }),
  ];
}

/** Bytes that are half easy and half hard to compress, another sequence for every name. */
export function contentOf(path: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = crc32(path) | 1;
  for (let i = 0; i < size; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = (i >> 12) % 2 === 0 ? state : i >> 3;
  }
  return bytes;
}

/** The content that the entry has once it is extracted. */
export function contentOfEntry({ path, type, size, linkTarget }: Entry): Uint8Array {
  return type === "hardlink" ? contentOf(linkTarget ?? "", size) : contentOf(path, size);
}

export interface PackedEntry {
  readonly planned: PlannedEntry;
  readonly offset: number;
  readonly stored: number | undefined;
  readonly crc32: number;
}

export interface PackedPart extends EncodedPart {
  readonly bytes: Buffer;
  readonly entries: readonly PackedEntry[];
}

export interface PackOptions {
  readonly level: number;
  /** What the pieces of a split file before this part came to. */
  readonly before?: PackedEntry[];
}

/** Packs one part as a worker does. */
export function packPart(
  format: ArchiveFormat,
  part: readonly PlannedEntry[],
  options: PackOptions,
): PackedPart {
  const chunks: Buffer[] = [];
  const sink = (bytes: Uint8Array): void => void chunks.push(Buffer.from(bytes));
  const encoder = format.createPartEncoder({ level: options.level, sink });
  const entries = part.map((planned) => {
    const offset = encoder.begin(planned);
    const start = planned.piece?.start ?? 0;
    const content = contentOfEntry(planned).subarray(start, start + contentLength(planned));
    for (let from = 0; from < content.length;) {
      const space = encoder.space();
      const length = Math.min(space.length, content.length - from, 1_000_000);
      space.set(content.subarray(from, from + length));
      encoder.filled(length);
      from += length;
    }
    const before = start > 0 ? (options.before ?? []) : [];
    const crc = crc32(content);
    const whole = sumOfPieces([...before, { planned, offset, stored: 0, crc32: crc }]);
    const stored = encoder.end({ crc32: whole.crc32, storedBefore: whole.stored });
    return { planned, offset, stored, crc32: crc };
  });
  return { ...encoder.finish(), bytes: Buffer.concat(chunks), entries };
}

/** CRC-32 and stored bytes of a file from those of its pieces. */
export function sumOfPieces(pieces: readonly PackedEntry[]): { crc32: number; stored: number } {
  return pieces.reduce(
    (sum, piece) => ({
      crc32: crc32Combine(sum.crc32, piece.crc32, contentLength(piece.planned)),
      stored: sum.stored + (piece.stored ?? 0),
    }),
    { crc32: 0, stored: 0 },
  );
}

/** Packs every part in a random order (the end of a split file last where the format needs that) and the tail, and joins them. */
export function packTree(format: ArchiveFormat, level: number, parts = partsOfTree(format)): PackedPart[] {
  const packed: PackedPart[] = [];
  const last = format.closesSplitFiles ? parts.length - 1 : -1;
  const order = [...parts.keys()].filter((i) => i !== last).sort(() => Math.random() - 0.5);
  if (last >= 0) order.push(last);
  for (const i of order) {
    const before = i === last ? packed.slice(0, last).flatMap(({ entries }) => entries.filter(isPiece)) : [];
    packed[i] = packPart(format, parts[i] ?? [], { level, before });
  }
  return [...packed, packTail(format, level, packed)];
}

function isPiece({ planned }: PackedEntry): boolean {
  return planned.piece !== undefined;
}

function packTail(format: ArchiveFormat, level: number, parts: readonly PackedPart[]): PackedPart {
  const chunks: Buffer[] = [];
  const tail = format.createTailEncoder({ level, sink: (bytes) => void chunks.push(Buffer.from(bytes)) });
  const pieces = parts.flatMap(({ entries }) => entries.filter(isPiece));
  let base = 0;
  for (const part of parts) {
    tail.part({ size: part.bytes.length, frames: part.frames });
    for (const packed of tail.needsEntries ? part.entries : []) {
      if ((packed.planned.piece?.start ?? 0) > 0) continue;
      const whole = sumOfPieces(isPiece(packed) ? pieces : [packed]);
      const contentOffset = base + packed.offset;
      tail.entry({ entry: packed.planned, contentOffset, storedSize: whole.stored, crc32: whole.crc32 });
    }
    base += part.bytes.length;
  }
  return { ...tail.finish(), bytes: Buffer.concat(chunks), entries: [] };
}
