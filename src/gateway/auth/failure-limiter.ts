/** How often an address may fail: a bucket of tokens for each, in bounded memory. Successes never ask. */
import type { Clock } from "../../domain/ports/clock.ts";
import { addressGroup } from "./address.ts";

export interface FailureLimiter {
  /** Counts a failure; where there were too many, the whole seconds until the next may be counted. */
  fail(address: string): number | undefined;
}

export interface FailureLimiterOptions {
  readonly burst: number;
  readonly perSecond: number;
  readonly clock: Clock;
  /** Buckets kept; the one that failed longest ago goes first. */
  readonly addresses?: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export function createFailureLimiter(options: FailureLimiterOptions): FailureLimiter {
  const { burst, perSecond, clock, addresses = 10_000 } = options;
  const buckets = new Map<string, Bucket>();
  return {
    fail: (address) => {
      const group = addressGroup(address);
      const now = clock.now();
      const known = buckets.get(group);
      const rested = known === undefined ? 0 : Math.max(0, now - known.at) / 1000;
      const tokens = Math.min(burst, (known?.tokens ?? burst) + rested * perSecond);
      buckets.delete(group);
      for (const oldest of buckets.keys()) {
        if (buckets.size < addresses) break;
        buckets.delete(oldest);
      }
      const isOver = tokens < 1;
      buckets.set(group, { tokens: isOver ? tokens : tokens - 1, at: now });
      return isOver ? Math.max(1, Math.ceil((1 - tokens) / perSecond)) : undefined;
    },
  };
}
