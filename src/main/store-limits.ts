/** Limits that a location names, kept to by all threads of one export together. */
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import type { BucketLocation } from "../domain/location.ts";
import { parseQuantity } from "../domain/quantity.ts";
import { createRequestTurns, requestTurnsOf } from "../engine/request-turns.ts";
import type { StoreLimits } from "../engine/store-limits.ts";
import { createByteRate, paceBy } from "../local/jobs/byte-rate.ts";

interface SharedLimits {
  readonly turns: SharedArrayBuffer | undefined;
  readonly rate: SharedArrayBuffer | undefined;
}

/** Of this thread, by what they are for. */
const known = new Map<string, SharedLimits>();
let isJoined = false;

/** This thread keeps to the limits of the one that started it: the threads of one export are one client of a store. */
export function joinLimits(): void {
  isJoined = true;
}

/** Nothing where the location names no limit. */
export function limitsOf(location: BucketLocation): StoreLimits {
  const { maxRequests, maxBytesPerSecond } = location.parameters;
  if (maxRequests === undefined && maxBytesPerSecond === undefined) return {};
  const { turns, rate } = sharedLimits(location);
  return {
    turns: turns === undefined ? undefined : requestTurnsOf(turns),
    pace: rate === undefined ? undefined : paceBy(rate),
  };
}

function sharedLimits({ scheme, bucket, parameters }: BucketLocation): SharedLimits {
  const { maxRequests, maxBytesPerSecond, endpoint = "", account = "" } = parameters;
  const key = `longshore limits ${JSON.stringify([scheme, bucket, endpoint, account, maxRequests, maxBytesPerSecond])}`;
  const joined = isJoined ? (getEnvironmentData(key) as SharedLimits | undefined) : undefined;
  const limits = known.get(key) ??
    joined ?? {
      turns: maxRequests === undefined ? undefined : createRequestTurns(Number(maxRequests)),
      rate:
        maxBytesPerSecond === undefined ? undefined : createByteRate(parseQuantity(maxBytesPerSecond) ?? 1),
    };
  known.set(key, limits);
  // Every thread that is started from now on finds them.
  setEnvironmentData(key, limits as unknown as Parameters<typeof setEnvironmentData>[1]);
  return limits;
}
