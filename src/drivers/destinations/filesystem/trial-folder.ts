/** A new folder to try a place with, which goes again with all in it and with what had to be made above it. */
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { destinationError } from "./system-error.ts";

export interface TrialFolder {
  readonly path: string;
  /** Makes it and what is missing above it, or nothing. Throws what stands in its way, in words of the catalogue. */
  make(): void;
  /** Removes all that was made, once `empty` has removed what is in it. */
  remove(empty: () => Promise<void>): Promise<void>;
}

export function trialFolder(parent: string, name: string): TrialFolder {
  const path = join(parent, name);
  /** From the topmost on. */
  const made: string[] = [];
  const removeMade = (): void => {
    for (let folder = made.at(-1); folder !== undefined; folder = made.at(-1)) {
      // The one that is tried may have gone with what was in it.
      if (existsSync(folder)) rmdirSync(folder);
      made.pop();
    }
  };
  return {
    path,
    make: () => {
      try {
        for (const folder of missingAlong(path)) {
          mkdirSync(folder);
          made.push(folder);
        }
      } catch (error) {
        removeMade();
        throw destinationError(error, parent, "");
      }
    },
    remove: async (empty) => {
      if (made.length === 0) return;
      await empty();
      removeMade();
    },
  };
}

/** The folders that are not there yet, from the topmost on. */
function missingAlong(path: string): string[] {
  const missing: string[] = [];
  for (let folder = path; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  return missing;
}
