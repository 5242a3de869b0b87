/** Reads one planned file with synchronous calls, the fastest way for small files, and tells whether it was still the same. */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, type Stats } from "node:fs";
import type { DifferenceReason, PlannedEntry } from "../../../domain/entry.ts";
import { secondsOf } from "../../../domain/seconds.ts";
import type { ImmediateReader } from "../../../domain/ports/source.ts";
import { reasonOf } from "./difference.ts";
import { withShortPath } from "../../paths/system-path.ts";

/** Neither follows a link nor waits for a FIFO's writer: what stands there may have been replaced since it was planned. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What a source may read. */
export interface ReadableTree {
  /** Byte string; a folder without "/" at its end, but for "/" itself. */
  readonly root: string;
  readonly device: number;
}

/** `path` is a byte string. What lies outside the tree is never read, even where a folder became a link. */
export function openReader(
  tree: ReadableTree,
  path: string,
  entry: PlannedEntry,
): ImmediateReader | DifferenceReason {
  let descriptor: number;
  try {
    descriptor = withShortPath(path, (short) => openSync(short, flags));
  } catch (error) {
    return reasonOf(error);
  }
  try {
    const seen = fstatSync(descriptor);
    const isPlanned = seen.ino === Number(entry.inode) && seen.dev === tree.device;
    if (!seen.isFile() || (!isPlanned && !isInside(tree.root, descriptor))) {
      closeSync(descriptor);
      return "changed";
    }
  } catch (error) {
    closeSync(descriptor);
    return reasonOf(error);
  }
  let failed: DifferenceReason | undefined;
  return {
    read: (into, position) => {
      try {
        return readFull(descriptor, into, position);
      } catch (error) {
        failed = reasonOf(error);
        return 0;
      }
    },
    difference: () => failed ?? differenceOf(descriptor, entry),
    close: () => closeSync(descriptor),
  };
}

function readFull(descriptor: number, into: Uint8Array, position: number): number {
  let length = readSync(descriptor, into, 0, into.length, position);
  while (length > 0 && length < into.length) {
    const more = readSync(descriptor, into, length, into.length - length, position + length);
    if (more === 0) break;
    length += more;
  }
  return length;
}

function differenceOf(descriptor: number, entry: PlannedEntry): DifferenceReason | undefined {
  try {
    return isSame(fstatSync(descriptor), entry) ? undefined : "changed";
  } catch (error) {
    return reasonOf(error);
  }
}

/** Times are compared as Node's plain stat gives them, to a quarter of a microsecond: exact ones cost twice as much for each file. */
function isSame(seen: Stats, entry: PlannedEntry): boolean {
  return (
    seen.size === entry.size &&
    seen.ino === Number(entry.inode) &&
    seen.mtimeMs === milliseconds(entry.mtime) &&
    seen.ctimeMs === milliseconds(entry.ctime)
  );
}

/** Computed as Node does, so that the same time gives the same number. */
function milliseconds(nanoseconds: bigint): number {
  const seconds = secondsOf(nanoseconds);
  return Number(seconds) * 1000 + Number(nanoseconds - BigInt(seconds) * 1_000_000_000n) / 1e6;
}

function isInside(root: string, descriptor: number): boolean {
  const real = readlinkSync(`/proc/self/fd/${descriptor}`, "latin1");
  return real === root || real.startsWith(root === "/" ? root : `${root}/`);
}
