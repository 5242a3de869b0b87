/** Drivers that know places by what everybody may see of them, and reach them as the operator says. */
import { LongshoreError } from "../domain/errors.ts";
import { type BucketLocation, parseBucketLocation } from "../domain/location.ts";
import type { Destination } from "../domain/ports/destination.ts";
import { mountOf } from "../domain/mount-way.ts";
import type { Drivers } from "../domain/ports/drivers.ts";
import type { Ways } from "../domain/ports/places.ts";
import type { Source } from "../domain/ports/source.ts";
import { drivers } from "./drivers.ts";

/**
 * What is opened is found under the very location that was allowed: a link that was put into a path since is refused. Records
 * and messages have that location, and nothing of how it is reached. Without `ways`, locations say everything themselves.
 */
export function driversReaching(ways: Ways | undefined): Drivers {
  return {
    ...drivers,
    openSource: (location) => opened(location, openSource),
    openDestination: (location, scratch) =>
      opened(location, (found, reached) => openDestination(found, reached, scratch)),
  };

  async function opened<T extends { readonly location: string }>(
    location: string,
    open: (location: string, reached: string) => Promise<T>,
  ): Promise<T> {
    const found = await open(location, reachedOf(ways, location));
    if (found.location === location) return found;
    throw new LongshoreError("PlaceNotAllowed", `${location} leads elsewhere since it was allowed`, {
      hint: "remove the symbolic link that was put in its path",
    });
  }
}

function reachedOf(ways: Ways | undefined, location: string): string {
  if (ways === undefined) return location;
  const reached = Object.hasOwn(ways, location) ? ways[location] : undefined;
  if (reached !== undefined) return reached;
  throw new LongshoreError("PlaceNotAllowed", `${location} is no place of this export`, {
    hint: "name a place that the export's spec names",
  });
}

async function openSource(location: string, reached: string): Promise<Source> {
  if (mountOf(reached) !== undefined)
    return (await import("./mounted-places.ts")).openMountedSource(location, reached);
  const [seen, whole] = bothOf(location, reached);
  if (seen === undefined || whole === undefined) return drivers.openSource(reached);
  const { openBucketAsSource } = await import("./buckets.ts");
  return asSetUp(location, () => openBucketAsSource(whole, seen));
}

async function openDestination(
  location: string,
  reached: string,
  scratch: string | undefined,
): Promise<Destination> {
  if (mountOf(reached) !== undefined)
    return (await import("./mounted-places.ts")).openMountedDestination(location, reached);
  const [seen, whole] = bothOf(location, reached);
  if (seen === undefined || whole === undefined) return drivers.openDestination(reached, scratch);
  const { openBucketAsDestination } = await import("./buckets.ts");
  return asSetUp(location, () => openBucketAsDestination(whole, { seen, scratch }));
}

const bothOf = (
  location: string,
  reached: string,
): readonly [BucketLocation | undefined, BucketLocation | undefined] => [
  parseBucketLocation(location),
  parseBucketLocation(reached),
];

/** Nothing is asked when a store is opened: what goes wrong then lies in the operator's words, which are not for tenants. */
export async function asSetUp<T>(location: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (!(cause instanceof LongshoreError)) throw cause;
    throw new LongshoreError("PlaceNotAllowed", `${location} can't be reached as the server is set up`, {
      cause,
      hint: "ask whoever runs the server: its log says more",
    });
  }
}
