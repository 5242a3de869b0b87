/** Confines what exports read and write to the folders and buckets that `serve --allow` names, by where paths really lead. */
import { lstatSync, realpathSync } from "node:fs";
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LongshoreError } from "../domain/errors.ts";
import { type BucketLocation, isWithin, parseBucketLocation } from "../domain/location.ts";
import type { Place, Places } from "../domain/ports/places.ts";
import { bucketPlace, bucketSourcePlace, checkAllowedBuckets } from "./bucket-places.ts";

export interface PlacesOptions {
  /** Absolute paths of folders, and locations of buckets. None allows nothing. */
  readonly allow: readonly string[];
  /** The server's own folder, which nothing may be read from or written to, nor a folder that holds it; it exists. */
  readonly dataFolder: string;
}

/**
 * Throws InvalidArgument where an allowed folder is none, or a location is allowed in two ways. What the folders and the data
 * folder really are is settled here once.
 */
export function localPlaces({ allow, dataFolder }: PlacesOptions): Places {
  const { folders, buckets } = sortedByKind(allow);
  const roots = folders.map(realFolder);
  checkAllowedBuckets(buckets);
  const data = realpathSync(dataFolder);
  return {
    source: async (location) => {
      const bucket = parseBucketLocation(location);
      if (bucket !== undefined) return bucketSourcePlace(bucket, buckets);
      const { real, rest } = await confined(location);
      if (rest.length === 0) return pathPlace(await checkedSource(real, location));
      throw new LongshoreError("SourceNotFound", `the source ${location} does not exist`);
    },
    destination: async (location) => {
      const bucket = parseBucketLocation(location);
      if (bucket !== undefined) return bucketPlace(withoutSlash(bucket), buckets);
      const { real, rest } = await confined(location);
      return pathPlace(join(real, ...rest));
    },
  };

  /** Throws PlaceNotAllowed, and says the same of everything outside, whether it is there or not. */
  async function confined(path: string): Promise<Resolved> {
    const resolved = isPlain(path) ? await resolve(path) : undefined;
    const place = resolved && join(resolved.real, ...resolved.rest);
    const isAllowed =
      place !== undefined &&
      roots.some((root) => isWithin(place, root)) &&
      !isWithin(place, data) &&
      !isWithin(data, place);
    if (resolved !== undefined && isAllowed) return resolved;
    throw new LongshoreError("PlaceNotAllowed", `${printable(path)} is no place that may be used`);
  }
}

function sortedByKind(allow: readonly string[]): {
  readonly folders: readonly string[];
  readonly buckets: readonly BucketLocation[];
} {
  const buckets = allow.map(parseBucketLocation);
  return {
    folders: allow.filter((_, i) => buckets[i] === undefined),
    buckets: buckets.filter((bucket) => bucket !== undefined),
  };
}

/** A path says itself how it is reached. */
const pathPlace = (path: string): Place => ({ location: path, reached: path });

/** An export's folder has one spelling. */
const withoutSlash = (bucket: BucketLocation): BucketLocation => ({
  ...bucket,
  prefix: bucket.prefix.replace(/\/+$/, ""),
});

/** Throws SourceUnreadable where it is neither a folder nor a file. */
async function checkedSource(real: string, path: string): Promise<string> {
  const seen = await lstat(real);
  if (seen.isFile() || seen.isDirectory()) return real;
  throw new LongshoreError("SourceUnreadable", `the source ${path} is neither a folder nor a file`, {
    hint: "name a folder or a file",
  });
}

interface Resolved {
  /** The longest beginning of the path that exists, every symbolic link resolved. */
  readonly real: string;
  /** The names after it. */
  readonly rest: readonly string[];
}

/** Whether the path says where it leads by its text: absolute, without "..", and nothing that ends a string for the system. */
const isPlain = (path: string): boolean =>
  path.startsWith("/") && !path.includes("\0") && !path.split("/").includes("..");

/** Undefined where it leads through what can't be looked at, or through a link that leads nowhere. */
async function resolve(path: string, rest: readonly string[] = []): Promise<Resolved | undefined> {
  try {
    return { real: await realpath(path), rest };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) return undefined;
    // What does not exist by realpath but has an entry of its own is a link: somebody may give it an end later.
    if (await hasEntry(path)) return undefined;
    return resolve(dirname(path), [basename(path), ...rest]);
  }
}

async function hasEntry(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

function realFolder(path: string): string {
  let real: string | undefined;
  try {
    real = realpathSync(path);
  } catch (cause) {
    throw noFolder(path, cause);
  }
  if (!path.startsWith("/") || !lstatSync(real).isDirectory()) throw noFolder(path);
  return real;
}

const noFolder = (path: string, cause?: unknown): LongshoreError =>
  new LongshoreError("InvalidArgument", `--allow ${printable(path)} is no folder that is there`, { cause });

/** Control characters would let a path write what it likes into a log. */
// oxlint-disable-next-line no-control-regex -- control characters are what is replaced
const printable = (path: string): string => path.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "?");
