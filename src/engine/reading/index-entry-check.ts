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
  const { mode, uid, gid, size, placement, piece, rdev } = entry;
  if (!types.has(entry.type)) throw new TypeError("type is unknown");
  checkTexts({ path: entry.path, linkTarget: entry.linkTarget, sha256: placement.sha256 });
  if (entry.path === "") throw new TypeError("path is empty");
  const { offset, crc32, storedSize, size: realSize } = placement;
  checkCounts({ mode, uid, gid, size, offset, crc32, storedSize, realSize, ...piece, ...rdev });
  if (mode > 0o7777) throw new TypeError("mode is no mode");
}

function checkTexts(fields: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined && typeof value !== "string") throw new TypeError(`${name} is no text`);
}

function checkCounts(fields: Record<string, number | undefined>): void {
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new TypeError(`${name} is no count`);
}
