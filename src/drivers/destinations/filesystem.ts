/** A folder of this machine as an export's destination. */
import {
  closeSync,
  copyFileSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { isAscii } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { ByteRange, Destination, StoredObject } from "../../domain/ports/destination.ts";
import { lockFolder } from "./filesystem/lock.ts";
import { flushFolder, openObjectWriter, parentOf } from "./filesystem/object-writer.ts";
import { destinationError, isMissing } from "./filesystem/system-error.ts";

const readSize = 1024 * 1024;

/** Other destinations of the same kind, for copies that move no bytes. */
const folders = new WeakMap<Destination, string>();

/** `folder` is an absolute path; it need not exist. */
export function openFilesystemDestination(folder: string): Destination {
  const systemPath = (name: string): string | Buffer =>
    isAscii(name)
      ? `${folder}/${name}`
      : Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);
  const failure = (error: unknown, name: string): LongshoreError => destinationError(error, folder, name);
  const makeFolders = (name: string): void => {
    if (name === "") return;
    try {
      mkdirSync(systemPath(name));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return;
      if (code !== "ENOENT" || parentOf(name) === "") throw error;
      makeFolders(parentOf(name));
      makeFolders(name);
    }
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

  const destination: Destination = {
    location: folder,
    get: async (name, signal) => {
      signal.throwIfAborted();
      try {
        return readFileSync(systemPath(name));
      } catch (error) {
        if (isMissing(error) || (error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
        throw failure(error, name);
      }
    },
    put: async (name, bytes, signal) => {
      signal.throwIfAborted();
      try {
        const { temporary } = await write(name, bytes);
        renameSync(systemPath(temporary), systemPath(name));
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
      const from = folders.get(other);
      if (from === undefined) return false;
      try {
        makeFolders(parentOf(name));
        linkOrCopy(`${from}/${otherName}`, systemPath(name));
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
        mkdirSync(folder, { recursive: true });
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
  folders.set(destination, folder);
  return destination;
}

function linkOrCopy(from: string, to: string | Buffer): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "EXDEV" && code !== "EMLINK" && code !== "EPERM" && code !== "ENOTSUP") throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}

async function* readRange(
  path: string | Buffer,
  range: ByteRange,
  object: { name: string; folder: string },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  try {
    await using file = await open(path, "r");
    let position = range.offset;
    const end = range.offset + range.length;
    while (position < end) {
      signal.throwIfAborted();
      const { bytesRead, buffer } = await file.read({
        buffer: Buffer.allocUnsafeSlow(Math.min(readSize, end - position)),
        position,
      });
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    if (!isMissing(error)) throw signal.aborted ? error : destinationError(error, object.folder, object.name);
    throw new LongshoreError("Damaged", `${object.name} is missing in ${object.folder}`, { cause: error });
  }
}

async function* listObjects(
  systemPath: (name: string) => string | Buffer,
  folder: string,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<StoredObject> {
  signal.throwIfAborted();
  const parent = parentOf(prefix);
  let names: string[];
  try {
    names = namesIn(systemPath(parent));
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === "ENOTDIR") return;
    throw destinationError(error, folder, parent);
  }
  for (const child of names) {
    const name = parent === "" ? child : `${parent}/${child}`;
    if (!name.startsWith(prefix)) continue;
    if (name.endsWith("/")) yield* listObjects(systemPath, folder, name, signal);
    else yield { name, size: lstatSync(systemPath(name)).size };
  }
}

/** In byte order, folders with "/" appended. */
function namesIn(path: string | Buffer): string[] {
  const names: string[] = [];
  const opened = opendirSync(path as string, { encoding: "latin1", bufferSize: 1024 });
  try {
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
      names.push(entry.isDirectory() ? `${entry.name}/` : entry.name);
    }
  } finally {
    opened.closeSync();
  }
  return names.sort();
}
