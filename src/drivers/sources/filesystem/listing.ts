/**
 * A folder's names in plan order with bounded memory: small folders are sorted in memory, huge ones in runs on disk.
 */
import {
  closeSync,
  opendirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
  type Dir,
  type Dirent,
} from "node:fs";
import { inScratch, makeScratch } from "./scratch.ts";
import { systemPath } from "../../paths/system-path.ts";

/** Names in plan order, a folder's ending in "/"; undefined at the end. */
export interface Listing {
  next(): string | undefined;
  close(): void;
}

/** What all open folders together may hold, and one of them, in bytes of JavaScript strings. */
export interface ListingBudget {
  held: number;
  readonly limit: number;
  readonly perFolder: number;
}

/** A JavaScript string and its place in an array cost about this much beside its characters. */
const stringOverhead = 40;
const namesPerRead = 1024;
const runBuffer = 64 * 1024;

/** Throws the system's error where the folder can't be read. */
export function openListing(folder: string, budget: ListingBudget, scratch: string): Listing {
  try {
    return openSorted(readNames(folder, "latin1"), budget, scratch);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== "lstat") throw error;
    // The file system does not tell types, and Node could not ask for them by a latin1 name: ask by bytes.
    return openSorted(readNames(folder, "buffer"), budget, scratch);
  }
}

function openSorted(found: Iterable<string>, budget: ListingBudget, scratch: string): Listing {
  const limit = Math.max(2 ** 20, Math.min(budget.perFolder, budget.limit - budget.held));
  const runs: Run[] = [];
  let names: string[] = [];
  let size = 0;
  let spill: Spill | undefined;
  try {
    for (const name of found) {
      names.push(name);
      size += name.length + stringOverhead;
      if (size < limit) continue;
      spill ??= inScratch(scratch, () => openSpill(scratch));
      const opened = spill;
      runs.push(inScratch(scratch, () => writeRun(opened, names.sort())));
      names = [];
      size = 0;
    }
  } catch (error) {
    spill?.close();
    throw error;
  }
  names.sort();
  budget.held += size;
  const memory = memoryListing(names, () => {
    budget.held -= size;
  });
  return spill === undefined ? memory : mergedListing([memory, ...runs.map((run) => runListing(run))], spill);
}

function* readNames(folder: string, encoding: "latin1" | "buffer"): Generator<string> {
  const options = { encoding: encoding as BufferEncoding, bufferSize: namesPerRead };
  const opened: Dir = opendirSync(systemPath(folder) as string, options);
  try {
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) yield nameOf(entry);
  } finally {
    opened.closeSync();
  }
}

function nameOf(entry: Dirent<string | Buffer>): string {
  const name = typeof entry.name === "string" ? entry.name : entry.name.toString("latin1");
  return entry.isDirectory() ? `${name}/` : name;
}

function memoryListing(names: readonly string[], release: () => void): Listing {
  let position = 0;
  let open = true;
  return {
    next: () => names[position++],
    close: () => {
      if (open) release();
      open = false;
    },
  };
}

interface Spill {
  readonly descriptor: number;
  end: number;
  close(): void;
}

interface Run {
  readonly spill: Spill;
  readonly start: number;
  readonly end: number;
}

let spills = 0;

function openSpill(scratch: string): Spill {
  makeScratch(scratch);
  const path = `${scratch}/names-${process.pid}-${spills++}`;
  // One that was killed just here may have had the same number.
  rmSync(path, { force: true });
  const descriptor = openSync(path, "wx+", 0o600);
  // Without a name it goes when it is closed, whatever happens to this process.
  rmSync(path);
  let open = true;
  const close = (): void => {
    if (open) closeSync(descriptor);
    open = false;
  };
  return { descriptor, end: 0, close };
}

/** Names hold no zero byte, so one ends each. */
function writeRun(spill: Spill, sorted: readonly string[]): Run {
  const start = spill.end;
  for (let i = 0; i < sorted.length; i += namesPerRead) {
    const bytes = Buffer.from(`${sorted.slice(i, i + namesPerRead).join("\0")}\0`, "latin1");
    for (let written = 0; written < bytes.length;) {
      written += writeSync(spill.descriptor, bytes, written, bytes.length - written, spill.end + written);
    }
    spill.end += bytes.length;
  }
  return { spill, start, end: spill.end };
}

function runListing(run: Run): Listing {
  const buffer = Buffer.allocUnsafe(runBuffer);
  let position = run.start;
  let names: string[] = [];
  let index = 0;
  let rest = "";
  return {
    next: () => {
      while (index >= names.length) {
        if (position >= run.end) return undefined;
        const length = readSync(
          run.spill.descriptor,
          buffer,
          0,
          Math.min(runBuffer, run.end - position),
          position,
        );
        position += length;
        names = (rest + buffer.toString("latin1", 0, length)).split("\0");
        rest = names.pop() ?? "";
        index = 0;
      }
      return names[index++];
    },
    close: () => undefined,
  };
}

function mergedListing(listings: readonly Listing[], spill: Spill): Listing {
  const heads = listings.map((listing) => listing.next());
  return {
    next: () => {
      let least = -1;
      for (let i = 0; i < heads.length; i++) {
        const head = heads[i];
        const best = least === -1 ? undefined : heads[least];
        if (head !== undefined && (best === undefined || head < best)) least = i;
      }
      if (least === -1) return undefined;
      const name = heads[least];
      heads[least] = listings[least]?.next();
      return name;
    },
    close: () => {
      for (const listing of listings) listing.close();
      spill.close();
    },
  };
}
