/** Confines exports to the folders that a server was allowed. */
import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { LongshoreError } from "../domain/errors.ts";
import type { Places } from "../domain/ports/places.ts";

export interface LocalPlacesOptions {
  /** Absolute folders. */
  readonly allow: readonly string[];
  /** The server's own state, which is neither read nor written by an export. */
  readonly dataFolder: string;
}

export function localPlaces({ allow, dataFolder }: LocalPlacesOptions): Places {
  return {
    source: (path) => settle(path, true),
    destination: (path) => settle(path, false),
  };

  async function settle(path: string, mustExist: boolean): Promise<string> {
    const refused = new LongshoreError("PlaceNotAllowed", `${JSON.stringify(path)} is not in an allowed folder`);
    if (!isAbsolute(path) || path.includes("\0")) throw refused;
    const real = await realOrNearest(resolve(path), mustExist);
    const data = await realOrNearest(dataFolder, false);
    const roots = await Promise.all(allow.map((root) => realOrNearest(root, false)));
    if (isInside(real, data) || isInside(data, real)) throw refused;
    if (!roots.some((root) => isInside(real, root))) throw refused;
    return real;
  }
}

const isInside = (path: string, root: string): boolean =>
  path === root || path.startsWith(root === sep ? sep : root + sep);

async function realOrNearest(path: string, mustExist: boolean): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT" || mustExist)
      throw new LongshoreError("SourceNotFound", `${path} can't be found`, { cause });
    return join(await realOrNearest(dirname(path), false), basename(path));
  }
}
