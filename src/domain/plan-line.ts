/**
 * One entry of the plan as one line of JSON, and the index line made from it.
 *
 * The line begins with what the index shows, in the index's order, and ends with what only the plan needs, so a worker
 * makes an index line by replacing that end instead of writing the whole again. A part's key is a digest of these lines.
 */
import { fromJsonMember, jsonMember } from "./byte-string.ts";
import type { DifferenceReason, EntryType, ObjectDescription, Piece, PlannedEntry } from "./entry.ts";

/** Found in no JSON string: a quotation mark inside one is always escaped. */
const planOnly = ',"ctime":';

export function planLine(entry: PlannedEntry): string {
  let line = `{${jsonMember("path", entry.path)},"type":"${entry.type}","mode":${entry.mode},"uid":${entry.uid},"gid":${entry.gid},"mtime":"${entry.mtime}"`;
  if (entry.linkTarget !== undefined) line += `,${jsonMember("linkTarget", entry.linkTarget)}`;
  if (entry.rdev !== undefined) line += `,"rdev":[${entry.rdev.major},${entry.rdev.minor}]`;
  line += `,"size":${entry.size}`;
  if (entry.piece !== undefined) line += `,"start":${entry.piece.start},"length":${entry.piece.length}`;
  line += `${planOnly}"${entry.ctime}","inode":"${entry.inode}"`;
  if (entry.etag !== undefined) line += `,"etag":${JSON.stringify(entry.etag)}`;
  if (entry.difference !== undefined) line += `,"difference":"${entry.difference}"`;
  return `${line}}`;
}

export function parsePlanLine(line: string): PlannedEntry {
  const raw = JSON.parse(line) as RawLine;
  return {
    ...commonOf(raw),
    ctime: BigInt(raw.ctime ?? 0),
    inode: BigInt(raw.inode ?? 0),
    ...(raw.etag === undefined ? undefined : { etag: raw.etag }),
    ...(raw.difference === undefined ? undefined : { difference: raw.difference }),
  };
}

/** Where an entry's content lies and what it is: what packing adds to the plan. */
export interface Placement {
  /** Byte of the part's uncompressed stream (zip: of the part itself) at which the content begins. */
  readonly offset: number;
  /** CRC-32 of the content that this part holds. */
  readonly crc32: number;
  /** Bytes that the content takes in the part, where that is not its size (zip). */
  readonly storedSize?: number;
  /** What the content really measured, where an export keeps files as they are (format Files). */
  readonly size?: number;
  /** Lower-case hex. */
  readonly sha256?: string;
  readonly difference?: DifferenceReason;
  /** On the first line of an entry. */
  readonly description?: ObjectDescription;
}

/** The index line of the entry whose plan line this is. */
export function indexLine(line: string, placement: Placement): string {
  let result = line.slice(0, line.indexOf(planOnly));
  result += `,"offset":${placement.offset},"crc32":${placement.crc32}`;
  if (placement.storedSize !== undefined) result += `,"storedSize":${placement.storedSize}`;
  if (placement.size !== undefined) result += `,"realSize":${placement.size}`;
  if (placement.sha256 !== undefined) result += `,"sha256":"${placement.sha256}"`;
  if (placement.difference !== undefined) result += `,"difference":"${placement.difference}"`;
  if (placement.description !== undefined) result += descriptionMembers(placement.description);
  return `${result}}`;
}

function descriptionMembers({ contentType, metadata }: ObjectDescription): string {
  const type = contentType === undefined ? "" : `,"contentType":${JSON.stringify(contentType)}`;
  return metadata === undefined ? type : `${type},"metadata":${JSON.stringify(metadata)}`;
}

/** An entry as the index has it: one piece of it, and where that lies. */
export interface IndexEntry {
  readonly path: string;
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: bigint;
  readonly linkTarget?: string;
  readonly rdev?: { readonly major: number; readonly minor: number };
  readonly size: number;
  readonly piece?: Piece;
  readonly placement: Placement;
}

/** @throws SyntaxError where the line is no JSON; whoever reads a foreign index checks its digest first. */
export function parseIndexLine(line: string): IndexEntry {
  const raw = JSON.parse(line) as RawLine & RawPlacement;
  return {
    ...commonOf(raw),
    placement: {
      offset: raw.offset,
      crc32: raw.crc32,
      ...(raw.storedSize === undefined ? undefined : { storedSize: raw.storedSize }),
      ...(raw.realSize === undefined ? undefined : { size: raw.realSize }),
      ...(raw.sha256 === undefined ? undefined : { sha256: raw.sha256 }),
      ...(raw.difference === undefined ? undefined : { difference: raw.difference }),
      ...descriptionOf(raw),
    },
  };
}

function descriptionOf({ contentType, metadata }: RawPlacement): { description?: ObjectDescription } {
  if (contentType === undefined && metadata === undefined) return {};
  return {
    description: {
      ...(contentType === undefined ? undefined : { contentType }),
      ...(metadata === undefined ? undefined : { metadata }),
    },
  };
}

interface RawLine {
  path?: string;
  pathBase64?: string;
  type: EntryType;
  mode: number;
  uid: number;
  gid: number;
  mtime: string;
  ctime?: string;
  inode?: string;
  etag?: string;
  linkTarget?: string;
  linkTargetBase64?: string;
  rdev?: [number, number];
  size: number;
  start?: number;
  length?: number;
  difference?: DifferenceReason;
}

interface RawPlacement {
  offset: number;
  crc32: number;
  storedSize?: number;
  realSize?: number;
  sha256?: string;
  contentType?: string;
  metadata?: Record<string, string>;
}

function commonOf(raw: RawLine): Omit<PlannedEntry, "ctime" | "inode" | "etag" | "difference"> {
  const linkTarget = fromJsonMember(raw.linkTarget, raw.linkTargetBase64);
  return {
    path: fromJsonMember(raw.path, raw.pathBase64) ?? "",
    type: raw.type,
    mode: raw.mode,
    uid: raw.uid,
    gid: raw.gid,
    mtime: BigInt(raw.mtime),
    size: raw.size,
    ...(linkTarget === undefined ? undefined : { linkTarget }),
    ...(raw.rdev === undefined ? undefined : { rdev: { major: raw.rdev[0], minor: raw.rdev[1] } }),
    ...pieceOf(raw),
  };
}

function pieceOf(raw: RawLine): { piece?: Piece } | undefined {
  if (raw.start === undefined || raw.length === undefined) return undefined;
  return { piece: { start: raw.start, length: raw.length } };
}
