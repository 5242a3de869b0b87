/** A new folder in a bucket as a place to check: everything that is written there is remembered, and goes again. */
import { hasCode } from "../../domain/errors.ts";
import { type BucketLocation, displayedBucket } from "../../domain/location.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { ObjectStore } from "../../domain/ports/object-store.ts";
import { preparedFolder } from "./check.ts";
import { rememberWritten } from "./remembered-store.ts";
import type { PlaceToCheck } from "./run-checks.ts";

export interface StoreToCheck {
  readonly store: ObjectStore;
  /** The same without retries. */
  readonly once: ObjectStore;
  /** Of the new folder. */
  readonly location: BucketLocation;
  /** What a person wrote. */
  readonly displayed: string;
  readonly openDestination: (store: ObjectStore, location: BucketLocation) => Destination;
}

export function storeToCheck(given: StoreToCheck): PlaceToCheck {
  const { location, openDestination } = given;
  const remembered = rememberWritten(given.store);
  const { store } = remembered;
  const once = remembered.also(given.once);
  const prefixOf = (folder: string): string => `${location.prefix}/${folder}/`;
  const open = (folder: string): Destination =>
    openDestination(store, { ...location, prefix: prefixOf(folder) });
  const bucket = displayedBucket(location);
  return {
    location: given.displayed,
    reach: (signal) => reach(given.store, signal),
    store: (folder) => ({ store, once, prefix: prefixOf(folder), fetch }),
    destination: (folder, signal) => preparedFolder(open, folder, signal),
    clear: async (signal) => {
      const left = await remembered.clear(`${location.prefix}/`, signal);
      return left.map((key) => `${key} in ${bucket}`);
    },
  };
}

/** A store that may not be listed can be asked, and the checks say what it denies. */
async function reach(store: ObjectStore, signal: AbortSignal): Promise<void> {
  await store.check(signal).catch((error: unknown) => {
    if (!hasCode(error, "StoreDenied")) throw error;
  });
}
