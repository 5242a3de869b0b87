import { mkdirSync } from "node:fs";

/**
 * Makes a folder where there is none, and first what is above it, where that may be made and is missing. Node's own
 * `recursive` never ends where a file system says ENOENT to every new name, as /proc and automounters do.
 */
export function makeFolder(path: () => string | Buffer, makeParent?: () => void): void {
  try {
    mkdirSync(path());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || makeParent === undefined) throw error;
    makeParent();
    makeFolder(path);
  }
}
