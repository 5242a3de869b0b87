/** One export must not lie inside another: removing or tidying that one would take this one with it. */
import { manifestName, planName, requestName } from "../../domain/record-names.ts";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import { type BucketLocation, formatBucketLocation, parseBucketLocation } from "../../domain/location.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Place } from "../../domain/ports/places.ts";

/** What the folder of an export has from its first moment to its last. */
const marks = [planName, requestName, manifestName];

type OpenDestination = (location: string) => Promise<Destination>;

/** Throws LocationOccupied where a folder above the location is an export's, and the errors of a store. */
export async function refuseNestedLocation(
  { location, reached }: Place,
  openDestination: OpenDestination,
  signal: AbortSignal,
): Promise<void> {
  const bucket = parseBucketLocation(reached);
  const above =
    bucket === undefined ? exportAbove(location) : await exportAbovePrefix(bucket, openDestination, signal);
  if (above !== undefined)
    throw new LongshoreError("LocationOccupied", `${location} lies inside the export ${above}`);
}

function exportAbove(location: string): string | undefined {
  for (let folder = dirname(location); folder !== dirname(folder); folder = dirname(folder))
    if (marks.some((mark) => isFile(join(folder, mark)))) return folder;
  return undefined;
}

/** A folder of that name is no record: it may be that of an export which is called so. */
const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

async function exportAbovePrefix(
  bucket: BucketLocation,
  openDestination: OpenDestination,
  signal: AbortSignal,
): Promise<string | undefined> {
  const names = bucket.prefix.replace(/\/+$/, "").split("/");
  // An export has a name, so none lies at the top of a bucket.
  for (let length = names.length - 1; length > 0; length--) {
    const prefix = names.slice(0, length).join("/");
    const folder = await openDestination(formatBucketLocation({ ...bucket, prefix }));
    const found = await Promise.all(marks.map((mark) => isObject(folder, mark, signal)));
    if (found.includes(true)) return formatBucketLocation({ ...bucket, prefix, parameters: {} });
  }
  return undefined;
}

/** Credentials that may not look there may not remove anything there either. */
async function isObject(folder: Destination, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await folder.size(name, signal)) !== undefined;
  } catch (error) {
    if (hasCode(error, "StoreDenied")) return false;
    throw error;
  }
}
