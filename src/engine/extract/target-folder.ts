/**
 * The folder that is extracted into. Every folder on the way to an entry is opened by itself, relative to the one before and
 * never through a symbolic link, so nothing that an index says or that stands in the target leads outside; and no path
 * becomes too long for the system. Needs Linux, whose /proc/self/fd is the only way to do this from Node.
 */
import { dirname } from "node:path";
import { closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import { displayName } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";

/** Opens for passing through only, which needs no permission to list (Linux, open(2)). */
const O_PATH = 0o10000000;
const openFolder = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Descriptors held at once; a deeper tree opens its upper folders again when it comes back to them. */
const mostOpen = 256;

interface Level {
  readonly name: string;
  /** Undefined where too many were open. */
  descriptor: number | undefined;
}

export class TargetFolder implements Disposable {
  readonly location: string;
  readonly #root: number;
  readonly #levels: Level[] = [];
  /** What `open` opened last; undefined where it failed on the way. */
  #path: string | undefined = "";

  /** Makes the folder where there is none; it may itself be reached by links, since the person named it. */
  constructor(location: string) {
    this.location = location;
    if (!existsSync("/proc/self/fd"))
      throw new LongshoreError("TargetUnsafe", "extract needs Linux with /proc", {
        hint: "use tar or unzip",
      });
    makeFolders(location);
    this.#root = openSync(location, O_PATH | constants.O_DIRECTORY);
  }

  /** Descriptor of the folder ("" or "a/b/", a safe path), valid until the next call; makes what is missing of it. */
  open(path: string): number {
    if (path !== this.#path) {
      const names = path === "" ? [] : path.slice(0, -1).split("/");
      let shared = 0;
      while (shared < names.length && this.#levels[shared]?.name === names[shared]) shared++;
      this.#path = undefined;
      this.#closeFrom(shared);
      for (const name of names.slice(shared)) this.#descend(name);
      this.#path = path;
    }
    return this.#current();
  }

  /** A descriptor of its own for a folder that is there, which the caller closes. */
  openExisting(path: string): number | undefined {
    let descriptor = openSync(ofDescriptor(this.#root), O_PATH | constants.O_DIRECTORY);
    for (const name of path.split("/").slice(0, -1)) {
      let inner: number | undefined;
      try {
        inner = this.#openIn(descriptor, name);
      } finally {
        closeSync(descriptor);
      }
      if (inner === undefined) return undefined;
      descriptor = inner;
    }
    return descriptor;
  }

  [Symbol.dispose](): void {
    this.#closeFrom(0);
    closeSync(this.#root);
  }

  #descend(name: string): void {
    const parent = this.#current();
    const descriptor = this.#openIn(parent, name) ?? this.#makeIn(parent, name);
    this.#levels.push({ name, descriptor });
    const above = this.#levels[this.#levels.length - 1 - mostOpen];
    if (above?.descriptor === undefined) return;
    closeSync(above.descriptor);
    above.descriptor = undefined;
  }

  /** Of the innermost folder; opens it again from the nearest that is open where it was closed. */
  #current(): number {
    const last = this.#levels.at(-1);
    if (last === undefined) return this.#root;
    if (last.descriptor !== undefined) return last.descriptor;
    let first = this.#levels.length - 1;
    while (first > 0 && this.#levels[first - 1]?.descriptor === undefined) first--;
    let parent = this.#levels[first - 1]?.descriptor ?? this.#root;
    for (const [i, level] of this.#levels.slice(first).entries()) {
      let descriptor: number | undefined;
      try {
        descriptor = this.#openIn(parent, level.name);
      } finally {
        if (i > 0) closeSync(parent);
      }
      if (descriptor === undefined) throw this.#unsafe(level.name, "went away");
      parent = descriptor;
    }
    last.descriptor = parent;
    return parent;
  }

  #openIn(parent: number, name: string): number | undefined {
    try {
      return openSync(inFolder(parent, name), openFolder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (code === "ENOTDIR" || code === "ELOOP")
        throw this.#unsafe(name, "is a symbolic link or a file where a folder belongs");
      throw error;
    }
  }

  #makeIn(parent: number, name: string): number {
    mkdirSync(inFolder(parent, name));
    const descriptor = this.#openIn(parent, name);
    if (descriptor === undefined) throw this.#unsafe(name, "went away");
    return descriptor;
  }

  #closeFrom(depth: number): void {
    for (const level of this.#levels.splice(depth))
      if (level.descriptor !== undefined) closeSync(level.descriptor);
  }

  #unsafe(name: string, what: string): LongshoreError {
    const path = [...this.#levels.map((level) => level.name), name].join("/");
    return new LongshoreError("TargetUnsafe", `${displayName(path)} in ${this.location} ${what}`);
  }
}

/** The path by which the system finds a name in an open folder; names are byte strings. */
export function inFolder(descriptor: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${descriptor}/${name}`, "latin1");
}

/** The path by which the system finds what a descriptor was opened for. */
export const ofDescriptor = (descriptor: number): string => `/proc/self/fd/${descriptor}`;

/** Node's own recursive mkdir never ends below /proc, where a folder can't be made although its parent is there. */
function makeFolders(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    makeFolders(dirname(path));
    mkdirSync(path);
  }
}
