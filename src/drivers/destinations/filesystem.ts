/** A folder of this machine as an export's destination. */
import {
  accessSync,
  closeSync,
  copyFileSync,
  constants,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { lockFolder } from "./filesystem/lock.ts";
import { makeFolder } from "./filesystem/make-folder.ts";
import { flushFolder, openObjectWriter, parentOf } from "./filesystem/object-writer.ts";
import { openStoredObject } from "./filesystem/open-object.ts";
import { listObjects, readRange } from "./filesystem/reading.ts";
import { destinationError, isMissing } from "./filesystem/system-error.ts";
import { SystemPaths } from "./filesystem/system-paths.ts";
import type { SystemPath } from "../paths/system-path.ts";

/** Other destinations of the same kind, for copies that move no bytes. */
const systemPaths = new WeakMap<Destination, (name: string) => SystemPath>();

/** A folder has a lock that the system lets go of with its process. */
export type LockedDestination = Destination & Required<Pick<Destination, "lock">>;

/**
 * `path` is an absolute path; it need not exist. `seenAs` says what the folder that it really is, every link resolved, is
 * called in records and messages; what it throws is thrown before anything is touched.
 */
export function openFilesystemDestination(
  path: string,
  seenAs: (folder: string) => string = (folder) => folder,
): LockedDestination {
  const folder = realPath(path);
  const location = seenAs(folder);
  const paths = new SystemPaths(folder);
  const systemPath = (name: string): SystemPath => paths.of(name);
  const failure = (error: unknown, name: string): LongshoreError => destinationError(error, folder, name);
  const makeFolders = (name: string): void => {
    if (name === "") return;
    const parent = parentOf(name);
    makeFolder(() => systemPath(name), parent === "" ? undefined : () => makeFolders(parent));
  };
  const write = async (name: string, bytes: Uint8Array): Promise<{ temporary: string }> => {
    const temporary = `tmp/${randomUUID()}`;
    try {
      makeFolders("tmp");
      await using file = await open(systemPath(temporary), "wx", 0o644);
      await file.writeFile(bytes);
      await file.datasync();
      makeFolders(parentOf(name));
    } catch (error) {
      rmSync(systemPath(temporary), { force: true });
      throw error;
    }
    return { temporary };
  };

  const destination: LockedDestination = {
    location,
    get: async (name, signal) => {
      signal.throwIfAborted();
      try {
        const path = systemPath(name);
        if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
          throw new LongshoreError("Damaged", `${name} in ${folder} is no regular file`);
        return readFileSync(path);
      } catch (error) {
        if (isMissing(error) || (error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
        throw failure(error, name);
      }
    },
    put: async (name, bytes, signal) => {
      signal.throwIfAborted();
      try {
        const { temporary } = await write(name, bytes);
        try {
          renameSync(systemPath(temporary), systemPath(name));
        } finally {
          rmSync(systemPath(temporary), { force: true });
        }
        await flushFolder(systemPath(parentOf(name)));
      } catch (error) {
        throw failure(error, name);
      }
    },
    putIfAbsent: async (name, bytes, signal) => {
      signal.throwIfAborted();
      try {
        const { temporary } = await write(name, bytes);
        try {
          linkSync(systemPath(temporary), systemPath(name));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
          throw error;
        } finally {
          rmSync(systemPath(temporary), { force: true });
        }
        await flushFolder(systemPath(parentOf(name)));
        return true;
      } catch (error) {
        throw failure(error, name);
      }
    },
    mark: async (name, signal) => {
      signal.throwIfAborted();
      try {
        makeFolders(parentOf(name));
        closeSync(openSync(systemPath(name), "wx", 0o644));
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw failure(error, name);
      }
    },
    read: (name, range, signal) => readRange(systemPath(name), range, { name, folder }, signal),
    openObject: (name, signal) => openStoredObject(() => systemPath(name), { name, folder }, signal),
    size: async (name, signal) => {
      signal.throwIfAborted();
      try {
        const seen = statSync(systemPath(name), { throwIfNoEntry: false });
        return seen?.isFile() === true ? seen.size : undefined;
      } catch (error) {
        throw failure(error, name);
      }
    },
    list: (prefix, signal) => listObjects(systemPath, folder, prefix, signal),
    remove: async (name, signal) => {
      signal.throwIfAborted();
      try {
        rmSync(systemPath(name), { force: true });
      } catch (error) {
        throw failure(error, name);
      }
    },
    removeAll: async (name, signal) => {
      signal.throwIfAborted();
      try {
        paths.forget();
        rmSync(systemPath(name), { force: true, recursive: true });
      } catch (error) {
        throw failure(error, name);
      }
    },
    create: async (temporary, signal) => {
      signal.throwIfAborted();
      try {
        makeFolders(parentOf(temporary));
      } catch (error) {
        throw failure(error, temporary);
      }
      return openObjectWriter({ folder, temporary, systemPath, makeFolders });
    },
    copyFrom: async (other, otherName, name, signal) => {
      signal.throwIfAborted();
      const otherPath = systemPaths.get(other);
      if (otherPath === undefined) return false;
      try {
        makeFolders("tmp");
        makeFolders(parentOf(name));
        await linkOrCopy(otherPath(otherName), systemPath(name), systemPath(`tmp/${randomUUID()}`));
        await flushFolder(systemPath(parentOf(name)));
        return true;
      } catch (error) {
        throw failure(error, name);
      }
    },
    flush: async (names, signal) => {
      for (const name of names) {
        signal.throwIfAborted();
        try {
          await flushFolder(systemPath(name));
        } catch (error) {
          if (!isMissing(error)) throw failure(error, name);
        }
      }
    },
    prepare: async (signal) => {
      signal.throwIfAborted();
      try {
        makePath(folder);
        accessSync(`${folder}/.`);
      } catch (error) {
        throw failure(error, "");
      }
    },
    lock: async (holder, signal) => {
      await destination.prepare(signal);
      try {
        makeFolders("tmp");
      } catch (error) {
        throw failure(error, "tmp");
      }
      return lockFolder(folder, holder, signal);
    },
  };
  systemPaths.set(destination, systemPath);
  return destination;
}

function makePath(path: string): void {
  const parent = dirname(path);
  makeFolder(() => path, parent === path ? undefined : () => makePath(parent));
}

/** Symbolic links resolved as far as the path exists, so that two ways to the same folder are known as one. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) return path;
    return join(realPath(dirname(path)), basename(path));
  }
}

async function linkOrCopy(
  from: string | Buffer,
  to: string | Buffer,
  temporary: string | Buffer,
): Promise<void> {
  try {
    linkSync(from, to);
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return replaceByLink(from, to, temporary);
    if (code !== "EXDEV" && code !== "EMLINK" && code !== "EPERM" && code !== "ENOTSUP") throw error;
  }
  try {
    copyFileSync(from, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await using file = await open(temporary, "r");
    await file.datasync();
    renameSync(temporary, to);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** What stands there already may be torn: a power cut can leave a name without its bytes. */
function replaceByLink(from: string | Buffer, to: string | Buffer, temporary: string | Buffer): void {
  try {
    linkSync(from, temporary);
    renameSync(temporary, to);
  } finally {
    // Renaming one link of a file over another of the same does nothing, and leaves both.
    rmSync(temporary, { force: true });
  }
}
