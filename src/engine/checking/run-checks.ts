/** Runs the checks on a person's own place, one after another, and says what came of each. */
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";
import {
  type Check,
  type CheckedDestination,
  type CheckedStore,
  destinationLacks,
  type Need,
  type NotOffered,
  storeLacks,
} from "./check.ts";
import { destinationChecks } from "./destination-checks.ts";
import { storeChecks } from "./store-checks.ts";

/** A place that is checked: every check gets a folder of its own in a new one that goes afterwards. */
export interface PlaceToCheck {
  /** As a person would write it. */
  readonly location: string;
  /** Throws where the place can't be asked at all, or knows nobody; one that denies something is checked. */
  reach(signal: AbortSignal): Promise<void>;
  /** The keys of a check, where the place is in a store. */
  readonly store?: (folder: string) => CheckedStore;
  destination(folder: string, signal: AbortSignal): Promise<CheckedDestination>;
  /** Removes everything that was written, unfinished uploads too, and says what is left. */
  clear(signal: AbortSignal): Promise<readonly string[]>;
}

export type CheckResult =
  | { readonly name: string; readonly outcome: "ok" }
  | { readonly name: string; readonly outcome: "not offered"; readonly message: string }
  | {
      readonly name: string;
      readonly outcome: "failed";
      readonly message: string;
      readonly hint: string;
      readonly code: ErrorCode;
    };

/** Throws what is no fault of the place: a cancelled call, an error that nobody expected. */
export async function* runChecks(place: PlaceToCheck, signal: AbortSignal): AsyncGenerator<CheckResult> {
  let count = 0;
  const folder = (): string => String(++count).padStart(2, "0");
  const { store } = place;
  if (store !== undefined)
    for (const check of storeChecks)
      yield await resultOf(check, async () => store(folder()), storeLacks, signal);
  for (const check of destinationChecks)
    yield await resultOf(check, () => place.destination(folder(), signal), destinationLacks, signal);
}

async function resultOf<Place>(
  check: Check<Place>,
  open: () => Promise<Place>,
  lacks: (place: Place, need: Need | undefined) => NotOffered | undefined,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { name } = check;
  try {
    signal.throwIfAborted();
    const place = await open();
    const missing = lacks(place, check.needs) ?? (await check.run(place, signal));
    if (missing === undefined) return { name, outcome: "ok" };
    return { name, outcome: "not offered", message: missing.reason };
  } catch (error) {
    if (signal.aborted || !(error instanceof LongshoreError)) throw error;
    return { name, outcome: "failed", message: error.message, hint: error.hint, code: error.code };
  }
}
