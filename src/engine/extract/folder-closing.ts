/** Sets a folder's metadata when everything in it is done; holds only the folders around the current entry. */
import type { IndexEntry } from "../../domain/plan-line.ts";
import type { ExtractNotice } from "./extract-options.ts";
import { extractionError } from "./extraction-error.ts";
import { setPathMetadata } from "./metadata.ts";
import { placeOf } from "./place.ts";
import type { TargetFolder } from "./target-folder.ts";

export class FolderClosing {
  readonly #target: TargetFolder;
  readonly #open: IndexEntry[] = [];

  constructor(target: TargetFolder) {
    this.#target = target;
  }

  enter(entry: IndexEntry): void {
    placeOf(entry);
    this.#open.push(entry);
  }

  /** Everything that does not lie around the path is done: says which folders did not take their metadata. */
  leaveUntil(path: string): ExtractNotice[] {
    const notices: ExtractNotice[] = [];
    for (let last = this.#open.at(-1); last !== undefined; last = this.#open.at(-1)) {
      if (path !== "" && path.startsWith(last.path)) break;
      this.#open.pop();
      try {
        setPathMetadata(this.#target.open(last.path), last);
      } catch (cause) {
        const error = extractionError(cause, this.#target.location, last.path);
        if (error.code !== "EntryNotMade") throw error;
        notices.push({
          kind: "failed",
          path: last.path,
          written: true,
          message: `its owner, mode and time ${error.message}`,
        });
      }
    }
    return notices;
  }
}
