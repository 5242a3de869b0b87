/** Names are bytes; Node takes a string where it is ASCII and needs a Buffer where it is not. */
import { closeSync, constants, openSync } from "node:fs";
import { isAscii } from "../../domain/byte-string.ts";

export type SystemPath = string | Buffer;

/** Linux takes at most 4,095 bytes of path at once (PATH_MAX); longer ones go through a folder's descriptor. */
export const longestPath = 4000;

/** As Node takes it. */
export function systemPath(byteString: string): SystemPath {
  return isAscii(byteString) ? byteString : Buffer.from(byteString, "latin1");
}

function isTooLong(byteString: string): boolean {
  return byteString.length > longestPath;
}

/** A folder by a short name: open while the name is in use. */
export interface FolderHandle {
  readonly name: string;
  readonly descriptor: number;
}

export function openFolder(byteString: string): FolderHandle {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = openSync(systemPath(byteString), flags);
  return { name: `/proc/self/fd/${descriptor}`, descriptor };
}

/** Calls `use` with a path to the same thing that is short enough for the system. */
export function withShortPath<T>(byteString: string, use: (path: SystemPath) => T): T {
  if (!isTooLong(byteString)) return use(systemPath(byteString));
  const slash = byteString.lastIndexOf("/", longestPath);
  const folder = openFolder(byteString.slice(0, slash));
  try {
    return withShortPath(folder.name + byteString.slice(slash), use);
  } finally {
    closeSync(folder.descriptor);
  }
}
