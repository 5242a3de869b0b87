/** Keeps one object open for many reads, each into the reader's own buffer. */
import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, open, readlink } from "node:fs/promises";
import { displayName } from "../../../domain/byte-string.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import type { OpenObject } from "../../../domain/ports/destination.ts";
import { destinationError, isMissing } from "./system-error.ts";

interface ObjectPlace {
  readonly name: string;
  /** The destination's, with every symbolic link resolved. */
  readonly folder: string;
}

/** Throws Damaged: there is none, it is no regular file, or symbolic links lead out of the destination. */
export async function openStoredObject(
  systemPath: () => string | Buffer,
  place: ObjectPlace,
  signal: AbortSignal,
): Promise<OpenObject> {
  signal.throwIfAborted();
  const file = await openFile(systemPath, place);
  try {
    const seen = await file.stat({ bigint: true });
    if (!seen.isFile()) throw damaged(place, "is no regular file");
    await checkPlace(file, place);
    return asObject(file, seen, place);
  } catch (error) {
    await file.close();
    throw destinationError(error, place.folder, place.name);
  }
}

async function openFile(systemPath: () => string | Buffer, place: ObjectPlace): Promise<FileHandle> {
  try {
    // A FIFO in place of an object must not keep us waiting for its writer.
    return await open(systemPath(), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ELOOP") throw damaged(place, "is a symbolic link", error);
    if (isMissing(error) || code === "ENOTDIR") throw damaged(place, "is missing", error);
    throw destinationError(error, place.folder, place.name);
  }
}

/** Whoever may write into the folder could otherwise have us hand out any file of this machine. */
async function checkPlace(file: FileHandle, place: ObjectPlace): Promise<void> {
  const path = await realPathOf(file);
  if (path === undefined || place.folder === "/") return;
  if (!path.startsWith(`${place.folder}/`)) throw damaged(place, "lies outside, behind a symbolic link");
}

/** Undefined where the system does not tell: it is no Linux, or the path is longer than the system can say. */
async function realPathOf(file: FileHandle): Promise<string | undefined> {
  try {
    return await readlink(`/proc/self/fd/${file.fd}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

function asObject(file: FileHandle, seen: BigIntStats, place: ObjectPlace): OpenObject {
  let isOpen = true;
  const { dev, ino, size, mtimeNs, ctimeNs } = seen;
  return {
    size: Number(size),
    version: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
    // The time that nobody can set.
    changedAt: Number(ctimeNs / 1_000_000n),
    read: async (into, position) => {
      try {
        return (await file.read(into, 0, into.length, position)).bytesRead;
      } catch (error) {
        throw destinationError(error, place.folder, place.name);
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (!isOpen) return;
      isOpen = false;
      await file.close();
    },
  };
}

const damaged = ({ name, folder }: ObjectPlace, what: string, cause?: unknown): LongshoreError =>
  new LongshoreError(
    "Damaged",
    `${displayName(name)} in ${folder} ${what}`,
    cause === undefined ? undefined : { cause },
  );
