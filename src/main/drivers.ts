/** Finds the driver for what a person wrote; each is loaded only when it is asked for. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LongshoreError } from "../domain/errors.ts";
import { parseBucketLocation, schemeOf } from "../domain/location.ts";
import type { FormatName } from "../domain/export-options.ts";
import type { Destination } from "../domain/ports/destination.ts";
import type { Format } from "../domain/ports/format.ts";
import type { Drivers } from "../domain/ports/drivers.ts";
import type { Source } from "../domain/ports/source.ts";

const formats: Record<FormatName, () => Promise<Format>> = {
  tar: async () => (await import("../drivers/formats/tar.ts")).tar,
  "tar.gz": async () => (await import("../drivers/formats/tar-gzip.ts")).tarGzip,
  "tar.zst": async () => (await import("../drivers/formats/tar-zstd.ts")).tarZstd,
  zip: async () => (await import("../drivers/formats/zip.ts")).zip,
  files: async () => (await import("../drivers/formats/files.ts")).files,
};

export const drivers: Drivers = {
  openSource: async (location): Promise<Source> => {
    const bucket = parseBucketLocation(location);
    if (bucket !== undefined) return (await import("./buckets.ts")).openBucketAsSource(bucket);
    const { openFilesystemSource } = await import("../drivers/sources/filesystem.ts");
    return openFilesystemSource(pathOf(location));
  },
  openDestination: async (location, scratch): Promise<Destination> => {
    const bucket = parseBucketLocation(location);
    if (bucket !== undefined)
      return (await import("./buckets.ts")).openBucketAsDestination(bucket, { scratch });
    const { openFilesystemDestination } = await import("../drivers/destinations/filesystem.ts");
    return openFilesystemDestination(resolve(pathOf(location)));
  },
  format: (name) => formats[name](),
};

/** A path as it is, or that of a file:// URL (RFC 8089). Throws UnknownScheme, InvalidArgument. */
export function pathOf(location: string): string {
  if (location === "") throw new LongshoreError("InvalidArgument", "a location is empty");
  if (location.includes("\0")) throw new LongshoreError("InvalidArgument", "a location contains a zero byte");
  const scheme = schemeOf(location);
  if (scheme === undefined) return location;
  // The rest may hold a password.
  if (scheme !== "file")
    throw new LongshoreError("UnknownScheme", `${scheme}:// is nothing that can be used here`);
  try {
    return fileURLToPath(location);
  } catch (error) {
    throw new LongshoreError("InvalidArgument", `${location} is no valid file:// URL`, { cause: error });
  }
}
