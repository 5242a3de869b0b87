/**
 * Confines tenants to the buckets that the operator allows. Which bucket and prefix is theirs to say; how a store is reached
 * (endpoint, credentials, certificates …) is the operator's alone: else a URL could send our credentials to any endpoint, or
 * have us read a file of this machine.
 */
import { LongshoreError } from "../domain/errors.ts";
import { type BucketLocation, formatBucketLocation, isWithin } from "../domain/location.ts";
import type { Place } from "../domain/ports/places.ts";

/** What a tenant may say of the objects that are made for it. */
const harmless: ReadonlySet<string> = new Set(["storageClass", "tags", "tier"]);

/**
 * The place that a tenant's location means within the allowed ones: reached with the parameters of the closest of those,
 * seen without them. Throws PlaceNotAllowed.
 */
export function bucketPlace(asked: BucketLocation, allowed: readonly BucketLocation[]): Place {
  const root = rootOf(asked, allowed);
  if (root === undefined) throw notAllowed(`${displayed(asked)} is no place that may be used`);
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(asked.parameters)) {
    if (harmless.has(name)) own[name] = value;
    else if (root.parameters[name] !== value) throw notTheirs(asked, name);
  }
  return {
    location: formatBucketLocation({ ...asked, parameters: own }),
    reached: formatBucketLocation({ ...asked, parameters: sorted({ ...root.parameters, ...own }) }),
  };
}

/** The same for what is read: where a folder is allowed, an object of its name beside it is not. Throws PlaceNotAllowed. */
export function bucketSourcePlace(asked: BucketLocation, allowed: readonly BucketLocation[]): Place {
  const folder = { ...asked, prefix: `${asked.prefix}/` };
  const isFolder = allowed.some((root) => displayed(root) === displayed(folder));
  return bucketPlace(isFolder ? folder : asked, allowed);
}

/** Throws InvalidArgument where two would allow the same place, to be reached in different ways. */
export function checkAllowedBuckets(allowed: readonly BucketLocation[]): void {
  const seen = new Map<string, string>();
  for (const location of allowed) {
    const place = displayed({ ...location, prefix: location.prefix.replace(/\/+$/, "") });
    const whole = formatBucketLocation(location);
    const before = seen.get(place);
    if (before !== undefined && before !== whole)
      throw new LongshoreError("InvalidArgument", `--allow says in two ways how ${place} is reached`, {
        hint: "name each place once",
      });
    seen.set(place, whole);
  }
}

/** The allowed location that holds the other most closely, by scheme, bucket and prefix alone. */
function rootOf(asked: BucketLocation, allowed: readonly BucketLocation[]): BucketLocation | undefined {
  const holding = allowed.filter((root) => isWithin(displayed(asked), displayed(root)));
  return holding.toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
}

const displayed = (location: BucketLocation): string => formatBucketLocation({ ...location, parameters: {} });

const sorted = (parameters: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const notAllowed = (message: string, hint?: string): LongshoreError =>
  new LongshoreError("PlaceNotAllowed", message, hint === undefined ? undefined : { hint });

/** The value is not repeated: it may be what somebody took for the place of a secret. */
const notTheirs = (asked: BucketLocation, name: string): LongshoreError =>
  notAllowed(
    `${displayed(asked)} may be used, but its ${name} is not the URL's to say`,
    "leave the parameter out: how a store is reached is said by whoever runs the server",
  );
