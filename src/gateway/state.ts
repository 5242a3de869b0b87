/** What requests share, and what the gateways of API and downloads share where each has its own port. */
import type { GatewayDependencies, GatewayLimits } from "./dependencies.ts";
import { createFailureLimiter, type FailureLimiter } from "./auth/failure-limiter.ts";
import { createGrantLookup, type GrantLookup } from "./auth/grant-lookup.ts";
import { createGrantTokens, type GrantTokens } from "./auth/grant-token.ts";
import { createMetrics, createStoreMeter, type Metrics } from "./metrics.ts";
import { createOpenedExports, type OpenedExports } from "./opened-exports.ts";
import { createOwedRecords, type OwedRecords } from "./owed-records.ts";
import { createRunningDownloads, type RunningDownloads } from "./running-downloads.ts";

export interface GatewayState {
  readonly limiter: FailureLimiter;
  readonly grants: GrantLookup;
  readonly grantTokens: GrantTokens;
  readonly opened: OpenedExports;
  readonly running: RunningDownloads;
  readonly records: OwedRecords;
  readonly metrics: Metrics;
}

export function createGatewayState(
  dependencies: GatewayDependencies,
  { failures }: Pick<GatewayLimits, "failures">,
): GatewayState {
  const { store, grantKeys, clock, drivers, places } = dependencies;
  const metrics = createMetrics(store);
  dependencies.meterStores?.(createStoreMeter(metrics));
  return {
    limiter: createFailureLimiter({ ...failures, clock }),
    grants: createGrantLookup(store),
    grantTokens: createGrantTokens(grantKeys, clock),
    opened: createOpenedExports({ drivers, places, clock }),
    running: createRunningDownloads(),
    records: createOwedRecords(dependencies.audit),
    metrics,
  };
}
