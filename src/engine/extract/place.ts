/** Where in the target an entry belongs. */
import { displayName } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { IndexEntry } from "../../domain/plan-line.ts";
import { isSafePath } from "../reading/safe-path.ts";

/** The folder of an entry, "" or ending in "/", and its own name. Throws Damaged where the path leads elsewhere. */
export function placeOf(entry: IndexEntry): { folder: string; name: string } {
  if (!isSafePath(entry.path) || entry.path.endsWith("/") !== (entry.type === "directory"))
    throw new LongshoreError(
      "Damaged",
      `the export names ${displayName(entry.path)}, which leads out of the target; nothing of it was written`,
      {
        hint: "do not trust whoever made this export",
      },
    );
  const bare = entry.type === "directory" ? entry.path.slice(0, -1) : entry.path;
  const slash = bare.lastIndexOf("/") + 1;
  return { folder: bare.slice(0, slash), name: bare.slice(slash) };
}
