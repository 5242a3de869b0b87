/**
 * Turns names into paths that the system takes. Linux takes at most 4,095 bytes at once (PATH_MAX), so a longer path goes
 * through the descriptor of a folder on its way, and a few of those are kept.
 */
import { closeSync, constants, openSync } from "node:fs";
import { byteStringOfText, displayName, isAscii } from "../../../domain/byte-string.ts";
import { LongshoreError } from "../../../domain/errors.ts";

export type SystemPath = string | Buffer;

const longest = 4000;
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
    const short = path.length <= longest ? path : this.#short(path);
    return isAscii(short) ? short : Buffer.from(short, "latin1");
  }

  /** Must be called when folders were removed. */
  forget(): void {
    for (const descriptor of this.#kept.values()) closeSync(descriptor);
    this.#kept.clear();
  }

  #short(path: string): string {
    let base = "";
    let begin = 0;
    while (path.length - begin > longest) {
      const end = path.lastIndexOf("/", begin + longest);
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
    const descriptor = known ?? openSync(isAscii(short) ? short : Buffer.from(short, "latin1"), flags);
    this.#kept.set(folder, descriptor);
    const [oldest] = this.#kept;
    if (this.#kept.size > mostKept && oldest !== undefined) {
      this.#kept.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    return descriptor;
  }
}
