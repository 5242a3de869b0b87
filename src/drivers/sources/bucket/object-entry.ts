/** An object of a store as an entry of the plan. */
import { createHash } from "node:crypto";
import { byteStringOfText } from "../../../domain/byte-string.ts";
import type { Entry } from "../../../domain/entry.ts";
import type { ObjectFacts } from "../../../domain/ports/object-store.ts";

/** Stores know neither modes nor owners; these are what a plain file and folder have. */
const fileMode = 0o644;
const folderMode = 0o755;

/** `name` is the key behind the source's prefix. Keys that are no paths become differences, for they have no place in a tree. */
export function objectEntry(name: string, facts: ObjectFacts): Entry {
  const path = byteStringOfText(name);
  const time = BigInt(Math.trunc(facts.modifiedAt)) * 1_000_000n;
  const isFolder = name.endsWith("/");
  const entry: Entry = {
    path,
    type: isFolder ? "directory" : "file",
    mode: isFolder ? folderMode : fileMode,
    uid: 0,
    gid: 0,
    mtime: time,
    ctime: time,
    inode: identityOf(facts.etag),
    size: facts.size,
    etag: facts.etag,
  };
  if (isPath(name) && (!isFolder || facts.size === 0)) return entry;
  return unsupported(entry);
}

/** The entry as something that is only reported. */
export const unsupported = (entry: Entry): Entry => ({
  ...entry,
  type: "unknown",
  size: 0,
  difference: "unsupported",
});

/** Relative, without empty, "." and ".." names, and not too long for any system to make. */
function isPath(name: string): boolean {
  const bare = name.endsWith("/") ? name.slice(0, -1) : name;
  return !/(?:^|\/)\.{0,2}(?:\/|$)/.test(bare) && !bare.includes("\0") && bare.isWellFormed();
}

/** What stands for an inode: another object has another. */
function identityOf(etag: string): bigint {
  return BigInt(`0x${createHash("sha256").update(etag).digest("hex").slice(0, 15)}`);
}
