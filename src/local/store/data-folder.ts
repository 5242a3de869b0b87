/** The data folder and its files belong to one user alone: tokens' digests, keys and the admin token lie there. */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LongshoreError } from "../../domain/errors.ts";
import { systemError } from "./database-error.ts";

export const databaseName = "longshore.db";
const others = 0o077;

/**
 * Makes the folder, mode 0700, where there is none. One that is empty or ours gets that mode; one that holds other
 * things is nobody's to change, and refused where others may enter it. Throws DataFolderFailed, DataFolderFull.
 */
export function preparePrivateFolder(folder: string): void {
  try {
    makeFolder(resolve(folder), 0o700);
    if ((statSync(folder).mode & others) === 0) return;
    const names = readdirSync(folder);
    if (names.length > 0 && !names.includes(databaseName))
      throw new LongshoreError(
        "DataFolderFailed",
        `${folder} can be entered by other users and holds other things`,
        { hint: "name a new folder with --data, or `chmod 700` this one" },
      );
    chmodSync(folder, 0o700);
  } catch (error) {
    throw systemError(error, folder);
  }
}

/**
 * Makes a folder and what is missing above it, so that their names survive a power cut. Node's own `recursive` never
 * ends where a file system says ENOENT to every new name, as /proc and automounters do.
 */
function makeFolder(folder: string, mode: number | undefined, mayMakeParent = true): void {
  try {
    mkdirSync(folder, { mode });
    flushFolder(dirname(folder));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || !mayMakeParent) throw error;
    makeFolder(dirname(folder), undefined);
    makeFolder(folder, mode, false);
  }
}

/**
 * Makes the file, mode 0600, where there is none. One that is there is never opened: closing it again would free
 * every lock that this process holds on it (fcntl(2), "Record locks").
 */
export function preparePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw systemError(error, path);
  }
  makePrivate(path);
}

/** Takes a file of ours from all others; none is no error. */
export function makePrivate(path: string): void {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status !== undefined && (status.mode & others) !== 0) chmodSync(path, 0o600);
  } catch (error) {
    throw systemError(error, path);
  }
}

/** Makes the names in a folder survive a power cut. */
export function flushFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
