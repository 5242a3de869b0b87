/** What a place for exports has to show, one check at a time: the suite of the tests and of `longshore destination check`. */
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { ObjectStore } from "../../domain/ports/object-store.ts";

/** One thing that a place must do. A check leaves what it wrote to whoever runs it. */
export interface Check<Place> {
  /** What holds if it passes. */
  readonly name: string;
  /** What the place must have for the check to mean anything; one that lacks it has not failed. */
  readonly needs?: Need;
  /** Says why the place can do without, where it has no such thing. Throws errors of the catalogue, PlaceUnfit of its own. */
  readonly run: (place: Place, signal: AbortSignal) => Promise<NotOffered | undefined>;
}

/** Abilities that a place may be without. */
export type Need = "multipart" | "presign" | "copies";

export interface NotOffered {
  readonly reason: string;
}

/** Keys below a prefix in a store, where nothing is yet. */
export interface CheckedStore {
  readonly store: ObjectStore;
  /** The same, where nothing is asked again that a store has refused. */
  readonly once: ObjectStore;
  /** Ends in "/". */
  readonly prefix: string;
  readonly fetch: typeof fetch;
}

/** A folder for one export, prepared, where nothing is yet. */
export interface CheckedDestination {
  readonly destination: Destination;
  /** The same place as another process would have it. */
  readonly again: () => Destination;
  /** Another place, prepared. */
  readonly other: () => Promise<Destination>;
}

/** Why the check means nothing there, or undefined. */
export function storeLacks({ store }: CheckedStore, need: Need | undefined): NotOffered | undefined {
  if (need === "multipart" && store.multipart === undefined)
    return { reason: "the store makes no object out of parts, so parts stay objects of their own" };
  if (need === "presign" && store.presign === undefined)
    return { reason: "these credentials sign no URLs, so downloads go through the server" };
  return undefined;
}

/** Why the check means nothing there, or undefined. */
export function destinationLacks(
  { destination }: CheckedDestination,
  need: Need | undefined,
): NotOffered | undefined {
  if (need === "copies" && destination.copyFrom === undefined)
    return { reason: "it copies nothing by itself, so what is taken over goes through this machine" };
  return undefined;
}

/** Throws PlaceUnfit where the place is not what exports rely on. */
export function expect(holds: boolean, whatHappens: string): asserts holds {
  if (!holds) throw new LongshoreError("PlaceUnfit", whatHappens);
}

/** A folder of a place and another beside it, out of whatever opens folders there. */
export async function preparedFolder(
  open: (folder: string) => Destination,
  folder: string,
  signal: AbortSignal,
): Promise<CheckedDestination> {
  const destination = open(folder);
  await destination.prepare(signal);
  return {
    destination,
    again: () => open(folder),
    other: async () => {
      const other = open(`${folder}-other`);
      await other.prepare(signal);
      return other;
    },
  };
}
