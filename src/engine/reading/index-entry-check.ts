/** A line of a foreign index may say anything: this is where it is refused, so that the rest may trust its types. */
import type { EntryType } from "../../domain/entry.ts";
import type { IndexEntry } from "../../domain/plan-line.ts";

const types: ReadonlySet<EntryType> = new Set<EntryType>([
  "file",
  "directory",
  "symlink",
  "hardlink",
  "fifo",
  "character-device",
  "block-device",
  "socket",
  "unknown",
]);

/** @throws TypeError which names the field. */
export function checkIndexEntry(entry: IndexEntry): void {
  const { placement, piece, rdev } = entry;
  if (typeof entry.path !== "string" || entry.path === "") throw new TypeError("path is malformed");
  if (!types.has(entry.type)) throw new TypeError("type is unknown");
  if (entry.linkTarget !== undefined && typeof entry.linkTarget !== "string") throw new TypeError("linkTarget is no text");
  const numbers = [entry.mode, entry.uid, entry.gid, entry.size, placement.offset, placement.crc32];
  if (!numbers.every(isCount)) throw new TypeError("a number is malformed");
  if (entry.mode > 0o7777) throw new TypeError("mode is malformed");
  if (placement.storedSize !== undefined && !isCount(placement.storedSize)) throw new TypeError("storedSize is malformed");
  if (placement.size !== undefined && !isCount(placement.size)) throw new TypeError("realSize is malformed");
  if (placement.sha256 !== undefined && typeof placement.sha256 !== "string") throw new TypeError("sha256 is no text");
  if (piece !== undefined && !(isCount(piece.start) && isCount(piece.length))) throw new TypeError("piece is malformed");
  if (rdev !== undefined && !(isCount(rdev.major) && isCount(rdev.minor))) throw new TypeError("rdev is malformed");
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
