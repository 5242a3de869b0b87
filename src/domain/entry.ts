/** One thing in a source's tree, as it was seen while planning. */
export type EntryType =
  | "file"
  | "directory"
  | "symlink"
  | "hardlink"
  | "fifo"
  | "character-device"
  | "block-device"
  | "socket"
  | "unknown";

/** Why an entry is not as planned: it became other, went away, could not be read, or has no place in the format. */
export type DifferenceReason = "changed" | "vanished" | "unreadable" | "unsupported";

export interface Entry {
  /** Relative to the source's root, a byte string (see byte-string.ts), a directory's ending in "/". */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky: at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, possibly negative. */
  readonly mtime: bigint;
  readonly ctime: bigint;
  readonly inode: bigint;
  /** Bytes of content of a file; 0 for everything else. */
  readonly size: number;
  /** Byte string; where a symbolic link points, or the path of the entry that carries a hard link's content. */
  readonly linkTarget?: string;
  readonly rdev?: DeviceNumber;
  /** Of an object in a store: what it must still be when it is read. */
  readonly etag?: string;
  /** What planning already knows to be amiss: a socket, a folder that can't be listed, a name that went away. */
  readonly difference?: DifferenceReason;
}

export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** A run of a file that one part holds; absent where the part holds the whole file. */
export interface Piece {
  readonly start: number;
  readonly length: number;
}

/** What a store says of an object beside its bytes, as whoever put it there wrote it. */
export interface ObjectDescription {
  /** RFC 9110 section 8.3. */
  readonly contentType?: string;
  /** Of the user's own: names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An entry as one part holds it. */
export interface PlannedEntry extends Entry {
  readonly piece?: Piece;
}

/** Whether the export holds the entry at all; a socket, say, is only reported. A folder that can't be listed still has its own metadata. */
export function isHeld(entry: Entry): boolean {
  return entry.difference === undefined || entry.type === "directory";
}

/** Bytes of the entry's content that the part holds. */
export function contentLength(entry: PlannedEntry): number {
  return entry.piece === undefined ? entry.size : entry.piece.length;
}
