/** How many bytes of the tar stream each entry takes: known from the plan alone, which is why any part can be packed alone. */
import type { EntryType, PlannedEntry } from "../entry.ts";
import { contentLength } from "../entry.ts";
import { nameSize, recordSize } from "./header.ts";

/** POSIX.1-1988 type flags; an entry of any other type has no place in a tar. */
const typeFlags: Partial<Record<EntryType, number>> = {
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  "character-device": 0x33,
  "block-device": 0x34,
  directory: 0x35,
  fifo: 0x36,
};

/** The character code of an entry's type flag, or undefined where tar has none. */
export function typeFlag(type: EntryType): number | undefined {
  return typeFlags[type];
}

/** Whether a part that has the entry begins it; later pieces of a split file are content alone. */
export function beginsHere(entry: PlannedEntry): boolean {
  return entry.piece === undefined || entry.piece.start === 0;
}

/** Zero bytes after the content, up to a full record; only where the content ends in this part. */
export function paddingOf(entry: PlannedEntry): number {
  if (entry.type !== "file") return 0;
  if (entry.piece !== undefined && entry.piece.start + entry.piece.length < entry.size) return 0;
  return padding(entry.size);
}

/** Bytes that make a full record of `length`. */
export function padding(length: number): number {
  return (recordSize - (length % recordSize)) % recordSize;
}

/** Records, content and padding of the entry in its part. */
export function tarSize(entry: PlannedEntry): number {
  const content = entry.type === "file" ? contentLength(entry) : 0;
  if (!beginsHere(entry)) return content + paddingOf(entry);
  return longNameSize(entry.linkTarget) + longNameSize(entry.path) + recordSize + content + paddingOf(entry);
}

function longNameSize(name: string | undefined): number {
  if (name === undefined || name.length <= nameSize) return 0;
  return recordSize + name.length + 1 + padding(name.length + 1);
}
