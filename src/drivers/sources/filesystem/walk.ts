/** Walks a tree in plan order: depth first, names by their bytes, memory bounded whatever the tree. */
import { type BigIntStats, closeSync, constants, lstatSync, readlinkSync } from "node:fs";
import type { DifferenceReason, Entry, EntryType } from "../../../domain/entry.ts";
import type { WalkOptions } from "../../../domain/ports/source.ts";
import { reasonOf } from "./difference.ts";
import { type HardLinks, hardLinks } from "./hard-links.ts";
import { type Listing, type ListingBudget, openListing } from "./listing.ts";
import { pathFilter } from "../../paths/path-filter.ts";
import { removeScratch } from "./scratch.ts";
import { openFolder, systemPath } from "../../paths/system-path.ts";

/** A folder being walked. */
interface Level {
  /** How the system is asked for it: by its descriptor's name. */
  readonly base: string;
  /** Its path in the plan: "" or ending in "/". */
  readonly prefix: string;
  readonly listing: Listing;
  readonly descriptor: number;
  /** The folder's own entry, not given yet because nothing in it was selected so far. */
  pending: Entry | undefined;
}

/** Names after which the caller gets a turn, though there may be no entry to give: a Ctrl-C must not wait for a million of them. */
const looksPerTurn = 4096;

const listingLimits = { limit: 128 * 2 ** 20, perFolder: 64 * 2 ** 20 };

/** Entries below `root`, and now and then undefined; a folder's byte string without "/" at its end. Throws the system's error where the root can't be read. */
export function* walkTree(root: string, options: WalkOptions): Generator<Entry | undefined> {
  const filter = pathFilter(options.include, options.exclude);
  const links = options.hardLinks === "link" ? hardLinks(options.scratch) : undefined;
  const budget: ListingBudget = { held: 0, ...listingLimits };
  const device = lstatSync(systemPath(`${root}/.`), { bigint: true }).dev;
  const levels: Level[] = [];
  let looks = 0;
  const enter = (base: string, prefix: string, pending: Entry | undefined): void => {
    levels.push(openLevel({ base, prefix, pending }, budget, options.scratch));
  };
  try {
    enter(root === "" ? "/" : root, "", undefined);
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const name = level.listing.next();
      if (++looks % looksPerTurn === 0) yield undefined;
      if (name === undefined) leave(level);
      else if (name.endsWith("/")) yield* visitFolder(level, name);
      else if (options.include.length > 0) yield* visitWithParents(level, name);
      else if (filter.selects(level.prefix + name))
        yield otherEntry(level.base, name, level.prefix + name, links);
    }
  } finally {
    for (const level of levels) closeLevel(level);
    links?.close();
    removeScratch(options.scratch);
  }

  function leave(level: Level): void {
    closeLevel(level);
    levels.pop();
  }

  /** Only where patterns choose can a folder still be waiting to be given. */
  function* visitWithParents(level: Level, name: string): Generator<Entry> {
    const path = level.prefix + name;
    if (filter.selects(path)) yield* withParents(levels, otherEntry(level.base, name, path, links));
  }

  function* visitFolder(level: Level, name: string): Generator<Entry> {
    const path = level.prefix + name;
    const selected = filter.selects(path);
    const enters = filter.enters(path);
    if (!selected && !enters) return;
    const seen = look(level.base, name.slice(0, -1));
    if (typeof seen === "string") return yield* withParents(levels, unknown(path, seen));
    if (!seen.isDirectory()) return yield* withParents(levels, unknown(path, "changed"));
    const entry = entryOf(path, "directory", seen);
    const difference = enters ? tryToEnter(level, { entry, selected, device: seen.dev }) : undefined;
    if (difference !== undefined) yield* withParents(levels, { ...entry, difference });
    else if (selected) yield* withParents(levels, entry);
  }

  /** Says why the folder can't be listed. */
  function tryToEnter(
    level: Level,
    folder: { entry: Entry; selected: boolean; device: bigint },
  ): DifferenceReason | undefined {
    const { entry, selected } = folder;
    if (folder.device !== device && !options.crossFileSystems) {
      options.onOtherFileSystem?.(entry.path);
      return undefined;
    }
    const name = entry.path.slice(level.prefix.length, -1);
    try {
      enter(`${level.base}/${name}`, entry.path, selected ? undefined : entry);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }
}

function openLevel(
  folder: { base: string; prefix: string; pending: Entry | undefined },
  budget: ListingBudget,
  scratch: string,
): Level {
  // By its descriptor, so that a folder that becomes a link while we are in it can't lead us elsewhere, and paths stay short.
  const handle = openFolder(folder.base);
  try {
    const base = handle.name;
    const listing = openListing(base, budget, scratch);
    return { base, prefix: folder.prefix, listing, descriptor: handle.descriptor, pending: folder.pending };
  } catch (error) {
    closeSync(handle.descriptor);
    throw error;
  }
}

function closeLevel(level: Level): void {
  level.listing.close();
  closeSync(level.descriptor);
}

/** A selected entry brings the folders it lies in, so that their modes and times can be restored. */
function* withParents(levels: readonly Level[], entry: Entry): Generator<Entry> {
  for (const level of levels) {
    if (level.pending === undefined || level.prefix === entry.path) continue;
    yield level.pending;
    level.pending = undefined;
  }
  yield entry;
}

function look(base: string, name: string): BigIntStats | DifferenceReason {
  try {
    return lstatSync(systemPath(`${base}/${name}`), { bigint: true });
  } catch (error) {
    return reasonOf(error);
  }
}

function otherEntry(base: string, name: string, path: string, links: HardLinks | undefined): Entry {
  const seen = look(base, name);
  if (typeof seen === "string") return unknown(path, seen);
  if (seen.isFile()) return fileEntry(path, seen, links);
  const type = typeOf(Number(seen.mode));
  const entry = entryOf(path, type, seen);
  switch (type) {
    case "symlink":
      return linkEntry(`${base}/${name}`, entry);
    case "character-device":
    case "block-device":
      return { ...entry, rdev: deviceNumber(seen.rdev) };
    case "socket":
      return { ...entry, difference: "unsupported" };
    case "directory":
    case "unknown":
      return unknown(path, "changed");
    case "file":
    case "hardlink":
    case "fifo":
      return entry;
  }
}

export function fileEntry(path: string, seen: BigIntStats, links: HardLinks | undefined): Entry {
  const entry = entryOf(path, "file", seen);
  if (links === undefined || seen.nlink === 1n) return entry;
  const carrier = links.carrierOf(seen.dev, seen.ino, seen.nlink, path);
  return carrier === path ? entry : { ...entry, type: "hardlink", size: 0, linkTarget: carrier };
}

function linkEntry(path: string, entry: Entry): Entry {
  try {
    return { ...entry, linkTarget: readlinkSync(systemPath(path), "latin1") };
  } catch (error) {
    return { ...entry, difference: reasonOf(error) };
  }
}

function entryOf(path: string, type: EntryType, seen: BigIntStats): Entry {
  return {
    path,
    type,
    mode: Number(seen.mode) & 0o7777,
    uid: Number(seen.uid),
    gid: Number(seen.gid),
    mtime: seen.mtimeNs,
    ctime: seen.ctimeNs,
    inode: seen.ino,
    size: type === "file" ? Number(seen.size) : 0,
  };
}

function unknown(path: string, difference: DifferenceReason): Entry {
  return {
    path,
    type: "unknown",
    mode: 0,
    uid: 0,
    gid: 0,
    mtime: 0n,
    ctime: 0n,
    inode: 0n,
    size: 0,
    difference,
  };
}

function typeOf(mode: number): EntryType {
  switch (mode & constants.S_IFMT) {
    case constants.S_IFLNK:
      return "symlink";
    case constants.S_IFIFO:
      return "fifo";
    case constants.S_IFCHR:
      return "character-device";
    case constants.S_IFBLK:
      return "block-device";
    case constants.S_IFSOCK:
      return "socket";
    case constants.S_IFDIR:
      return "directory";
    default:
      return "unknown";
  }
}

/** Linux packs both numbers into one as glibc's makedev does. */
function deviceNumber(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}
