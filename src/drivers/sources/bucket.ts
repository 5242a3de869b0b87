/** The objects below a prefix of an object store as a source: keys are paths, ETags say whether one is still the same. */
import { LongshoreError } from "../../domain/errors.ts";
import { type BucketLocation, formatBucketLocation } from "../../domain/location.ts";
import type { ObjectFacts, ObjectStore } from "../../domain/ports/object-store.ts";
import type { Source } from "../../domain/ports/source.ts";
import { pathFilter } from "../paths/path-filter.ts";
import { objectEntry } from "./bucket/object-entry.ts";
import { openObject } from "./bucket/reader.ts";
import { walkKeys } from "./bucket/walk.ts";

export interface BucketSourceOptions {
  readonly store: ObjectStore;
  readonly location: BucketLocation;
}

/** What the location turns out to mean. */
interface Place {
  /** Before every path: "" or ending in "/". */
  readonly folder: string;
  /** The one object that the location names. */
  readonly single?: { readonly key: string; readonly facts: ObjectFacts };
}

/** One request each, so that a worker waits for the store's answer once and not for every object. */
const openAhead = 32;

/** A worker that is stopped ends with its process; reading has no signal of its own. */
const { signal: never } = new AbortController();

/** Nothing is asked yet. */
export function openBucketSource({ store, location }: BucketSourceOptions): Source {
  let place: Promise<Place> | undefined;
  const settled = (signal: AbortSignal): Promise<Place> => {
    place ??= placeOf(store, location.prefix, signal).catch((error: unknown) => {
      place = undefined;
      throw error;
    });
    return place;
  };
  const displayed = formatBucketLocation(location);
  return {
    location: displayed,
    kind: store.kind,
    openAhead,
    walk: async function* (options, signal) {
      signal.throwIfAborted();
      const { folder, single } = await settled(signal);
      if (single !== undefined) {
        yield [objectEntry(single.key.slice(folder.length), single.facts)];
        return;
      }
      const filter = pathFilter(options.include, options.exclude);
      const walked = walkKeys({ store, folder, filter }, signal);
      let found = folder === "";
      for await (const { entries, isEmpty } of walked) {
        found ||= !isEmpty;
        if (entries.length > 0) yield entries;
      }
      // A typing mistake in a prefix must not become an empty export that succeeds.
      if (!found) throw new LongshoreError("SourceNotFound", `there is no object in ${displayed}`);
    },
    open: async (entry) => {
      const { folder } = await settled(never);
      return openObject(store, folder, entry, never);
    },
  };
}

async function placeOf(store: ObjectStore, prefix: string, signal: AbortSignal): Promise<Place> {
  if (prefix === "" || prefix.endsWith("/")) return { folder: prefix };
  const facts = await store.head(prefix, signal).catch(async (error: unknown) => {
    // Nothing stands in the answer to this question: whoever may not even list hears the reason from there.
    await store.check(signal);
    throw error;
  });
  if (facts === undefined) return { folder: `${prefix}/` };
  return { folder: prefix.slice(0, prefix.lastIndexOf("/") + 1), single: { key: prefix, facts } };
}
