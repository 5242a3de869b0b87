/** Entries of an export as the API shows them: names are bytes, JSON is text. */
import type { FileEntry, FileListing } from "../../api/documents.ts";
import { displayName, textOf } from "../../domain/byte-string.ts";
import type { Child } from "../../engine/reading/browse.ts";

export function listing(folder: string, children: readonly Child[]): FileListing {
  return { ...member("path", folder), entries: children.map(fileDocument) };
}

export function fileDocument({ path, entry }: Child): FileEntry {
  const name = displayName(path.replace(/\/$/, "").replace(/^.*\//s, ""));
  if (entry === undefined) return { ...member("path", path), name, type: "directory" };
  const { type, mode, uid, gid, mtime, linkTarget, placement } = entry;
  return {
    ...member("path", path),
    name,
    type,
    ...(type === "file" ? { size: placement.size ?? entry.size } : {}),
    mtime: `${mtime}`,
    mode,
    uid,
    gid,
    ...(linkTarget === undefined ? {} : member("linkTarget", linkTarget)),
  };
}

/** As in the index: `key`, or `keyBase64` where the bytes are not UTF-8. */
function member(key: "path" | "linkTarget", bytes: string): Partial<Record<string, string>> {
  const text = textOf(bytes);
  return text === undefined ? { [`${key}Base64`]: btoa(bytes) } : { [key]: text };
}
