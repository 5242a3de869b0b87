/**
 * Turns names into paths that the system takes. A path that is too long for it goes
 * through the descriptor of a folder on its way, and a few of those are kept.
 */
import { closeSync, constants, openSync } from "node:fs";
import { byteStringOfText, displayName } from "../../../domain/byte-string.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import { longestPath, type SystemPath, systemPath } from "../../paths/system-path.ts";

const mostKept = 64;

export class SystemPaths {
  readonly #folder: string;
  /** Descriptors of folders by their full path, the one used last at the end. */
  readonly #kept = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = byteStringOfText(folder);
  }

  /** The path is good until a few dozen other long paths were asked for. Throws the system's error where a folder on the way is missing. */
  of(name: string): SystemPath {
    // Names come from documents that anybody may have written.
    if (name.includes("..") && /(?:^|\/)\.\.(?:\/|$)/.test(name)) {
      throw new LongshoreError("Damaged", `the name ${displayName(name)} leads out of ${this.#folder}`);
    }
    const path = `${this.#folder}/${name}`;
    const short = path.length <= longestPath ? path : this.#short(path);
    return systemPath(short);
  }

  /** Must be called when folders were removed. */
  forget(): void {
    for (const descriptor of this.#kept.values()) closeSync(descriptor);
    this.#kept.clear();
  }

  #short(path: string): string {
    let base = "";
    let begin = 0;
    while (path.length - begin > longestPath) {
      const end = path.lastIndexOf("/", begin + longestPath);
      if (end <= begin) break;
      base = `/proc/self/fd/${this.#descriptor(path.slice(0, end), `${base}${path.slice(begin, end)}`)}`;
      begin = end;
    }
    return `${base}${path.slice(begin)}`;
  }

  #descriptor(folder: string, short: string): number {
    const known = this.#kept.get(folder);
    this.#kept.delete(folder);
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const descriptor = known ?? openSync(systemPath(short), flags);
    this.#kept.set(folder, descriptor);
    const [oldest] = this.#kept;
    if (this.#kept.size > mostKept && oldest !== undefined) {
      this.#kept.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    return descriptor;
  }
}
