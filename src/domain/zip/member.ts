/** What a zip says of an entry in both its headers, and how many bytes that takes (PKWARE APPNOTE 6.3.10, section 4). */
import { isAscii, textOf } from "../byte-string.ts";
import type { Entry, EntryType, PlannedEntry } from "../entry.ts";
import { contentLength } from "../entry.ts";
import { secondsOf } from "../seconds.ts";

/** Sizes from here take the ZIP64 form: below, even incompressible content stays under 4 GiB when stored. */
const zip64Size = 0xf0000000;
const localHeaderSize = 30;
/** Header ID and size, then two sizes of eight bytes (4.5.3). */
export const localZip64Size = 20;
const timestampSize = 9;
const ownerSize = 15;
const longestName = 0xffff;

const methods = { store: 0, deflate: 8 } as const;

/** Upper half of the external attributes: the file type as `stat` has it. */
const fileTypes: Partial<Record<EntryType, number>> = {
  file: 0o100000,
  /** Stored again: zip knows no hard links. */
  hardlink: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
};

/** Whether entries of the type have a place in a zip. */
export function zipHolds(type: EntryType): boolean {
  return fileTypes[type] !== undefined;
}

export interface Member {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly zip64: boolean;
  /** Whether CRC and sizes follow the content, since they are known only then (4.3.9). */
  readonly descriptor: boolean;
  /** What a member has that is no file, but not empty: where a symbolic link points. */
  readonly target: string;
  readonly externalAttributes: number;
  readonly dosTime: number;
  readonly dosDate: number;
  /** Seconds since 1970 where 32 bits suffice. */
  readonly timestamp: number | undefined;
  readonly uid: number;
  readonly gid: number;
}

/** The member that an entry becomes. */
export function memberOf(entry: Entry): Member {
  if (entry.path.length > longestName)
    throw new RangeError(`a zip holds no name of ${entry.path.length} bytes`);
  const descriptor = isFile(entry) && entry.size > 0;
  const seconds = secondsOf(entry.mtime);
  return {
    name: entry.path,
    method: descriptor ? methods.deflate : methods.store,
    flags: (descriptor ? 0x0008 : 0) | (isMarkedUtf8(entry.path) ? 0x0800 : 0),
    zip64: hasZip64Sizes(entry),
    descriptor,
    target: targetOf(entry),
    externalAttributes:
      ((fileTypes[entry.type] ?? 0) | entry.mode) * 0x10000 + (entry.type === "directory" ? 0x10 : 0),
    ...dosTimeOf(seconds),
    timestamp: hasTimestamp(seconds) ? seconds : undefined,
    uid: entry.uid,
    gid: entry.gid,
  };
}

export function isFile(entry: Entry): boolean {
  return entry.type === "file" || entry.type === "hardlink";
}

/** Whether a part that has the entry begins it. */
export function beginsHere(entry: PlannedEntry): boolean {
  return entry.piece === undefined || entry.piece.start === 0;
}

/** Whether a part that has the entry ends it. */
export function endsHere(entry: PlannedEntry): boolean {
  return entry.piece === undefined || entry.piece.start + entry.piece.length >= entry.size;
}

/** Bytes of the entry's local header, by which its place follows from where its content lies. */
export function localSize(entry: Entry): number {
  const zip64 = hasZip64Sizes(entry) ? localZip64Size : 0;
  return localHeaderSize + entry.path.length + zip64 + commonExtraSize(hasTimestamp(secondsOf(entry.mtime)));
}

/** Bytes of the extra fields that both headers have. */
export function commonExtraSize(timestamp: boolean): number {
  return (timestamp ? timestampSize : 0) + ownerSize;
}

/** Headers, content before compression and descriptor of the entry in its part. */
export function zipSize(entry: PlannedEntry): number {
  const header = beginsHere(entry) ? localSize(entry) : 0;
  if (!isFile(entry)) return header + targetOf(entry).length;
  const descriptor = entry.size > 0 && endsHere(entry) ? descriptorSize(hasZip64Sizes(entry)) : 0;
  return header + contentLength(entry) + descriptor;
}

function descriptorSize(zip64: boolean): number {
  return zip64 ? 24 : 16;
}

function targetOf(entry: Entry): string {
  return entry.type === "symlink" ? (entry.linkTarget ?? "") : "";
}

/** Whether the entry's sizes take eight bytes wherever they stand beside its content. */
export function hasZip64Sizes(entry: Entry): boolean {
  return isFile(entry) && entry.size >= zip64Size;
}

/** Bit 11 (appendix D) only where it says something and is true: readers take other names as the bytes they are. */
function isMarkedUtf8(name: string): boolean {
  return !isAscii(name) && textOf(name) !== undefined;
}

function hasTimestamp(seconds: number): boolean {
  return seconds >= -0x80000000 && seconds <= 0x7fffffff;
}

/** 4.4.6: two-second steps from 1980 to 2107. UTC, since what a part holds may not depend on where it was packed. */
function dosTimeOf(seconds: number): { dosTime: number; dosDate: number } {
  const clamped = Math.min(Math.max(seconds, Date.UTC(1980) / 1000), Date.UTC(2108) / 1000 - 1);
  const date = new Date(clamped * 1000);
  return {
    dosTime: (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    dosDate: ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
  };
}
