/** Opens a person's own place to be checked: a new folder in a bucket or on this machine, that goes again with all in it. */
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { formatBucketLocation, joinLocation, parseBucketLocation } from "../domain/location.ts";
import type { Destination } from "../domain/ports/destination.ts";
import { preparedFolder } from "../engine/checking/check.ts";
import type { PlaceToCheck } from "../engine/checking/run-checks.ts";
import { openDriver, openStore } from "./buckets.ts";
import { pathOf } from "./drivers.ts";

/** More than the checks send at once. */
const memory = 32 * 2 ** 20;

/** `name` is that of the new folder. Throws InvalidArgument, UnknownScheme. */
export async function openPlaceToCheck(text: string, name: string): Promise<PlaceToCheck> {
  const given = parseBucketLocation(text);
  const location = parseBucketLocation(joinLocation(text, name));
  if (given === undefined || location === undefined) return folderToCheck(resolve(pathOf(text)), name);
  const [{ storeToCheck }, { openBucketDestination }, store, once] = await Promise.all([
    import("../engine/checking/store-to-check.ts"),
    import("../drivers/destinations/bucket.ts"),
    openStore(location),
    openDriver(location),
  ]);
  return storeToCheck({
    store,
    once,
    location,
    displayed: formatBucketLocation(given),
    openDestination: (opened, below) =>
      openBucketDestination({ store: opened, location: below, scratch: tmpdir(), memory }),
  });
}

async function folderToCheck(parent: string, name: string): Promise<PlaceToCheck> {
  const [{ openFilesystemDestination }, { trialFolder }] = await Promise.all([
    import("../drivers/destinations/filesystem.ts"),
    import("../drivers/destinations/filesystem/trial-folder.ts"),
  ]);
  const folder = trialFolder(parent, name);
  const open = (below: string): Destination => openFilesystemDestination(join(folder.path, below));
  return {
    location: parent,
    reach: async (signal) => {
      signal.throwIfAborted();
      folder.make();
    },
    destination: (below, signal) => preparedFolder(open, below, signal),
    clear: async (signal) => {
      try {
        await folder.remove(() => open("").removeAll("", signal));
        return [];
      } catch (error) {
        return [`${folder.path} (${error instanceof Error ? error.message : String(error)})`];
      }
    },
  };
}
