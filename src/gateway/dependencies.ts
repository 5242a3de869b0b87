/** Everything that the gateway is given: it opens, reads and starts nothing by itself. */
import type { AuditLog } from "../domain/ports/audit-log.ts";
import type { Clock } from "../domain/ports/clock.ts";
import type { ExportStore } from "../domain/ports/export-store.ts";
import type { GrantKeys } from "../domain/ports/grant-keys.ts";
import type { GrantUsage } from "../domain/ports/grant-usage.ts";
import type { Drivers } from "../domain/ports/drivers.ts";
import type { Idempotency } from "../domain/ports/idempotency.ts";
import type { Identity, TokenStore } from "../domain/ports/identity.ts";
import type { Places } from "../domain/ports/places.ts";
import type { ExportDestinationSpec } from "../domain/resources/export-destination.ts";
import type { ExportSpec } from "../domain/resources/export.ts";
import type { StoreMeter } from "../engine/store-metrics.ts";

export interface GatewayDependencies {
  readonly store: ExportStore;
  readonly audit: AuditLog;
  readonly identity: Identity;
  /** Missing where somebody else keeps the tokens: there are no routes for them then. */
  readonly tokens?: Pick<TokenStore, "create" | "list" | "revoke"> | undefined;
  readonly grantKeys: GrantKeys;
  readonly grantUsage: GrantUsage;
  readonly idempotency: Idempotency;
  readonly places: Places;
  /** Refuses what this home can't do, whatever its schema takes. */
  readonly admit?: ((spec: ExportSpec | ExportDestinationSpec) => void) | undefined;
  readonly drivers: Pick<Drivers, "openDestination" | "format">;
  readonly clock: Clock;
  readonly version: string;
  /** Origins without a slash at the end, as receivers reach them; asked for when needed, since a port may be chosen late. */
  readonly publicUrl: () => string;
  readonly downloadsUrl: () => string;
  readonly isReady: () => boolean;
  /** Random lower-case letters and digits, at least 10 and at most 40: the end of a grant's name. */
  readonly newId: () => string;
  /** Told once of every answer of 500 and above, and of every download that broke on our side; `where` has no names. */
  readonly onError: (error: unknown, where: string) => void;
  /** Takes whoever is to be told of what object stores are asked. */
  readonly meterStores?: (meter: StoreMeter) => void;
}

/** What keeps the server standing; times are in milliseconds. */
export interface GatewayLimits {
  readonly bodyBytes: number;
  readonly connections: number;
  /** For all headers, and for the whole request. */
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  /** How often these two are looked at. */
  readonly checkInterval: number;
  /** Without a byte in either direction. */
  readonly idleTimeout: number;
  readonly keepAliveTimeout: number;
  /** How long a URL holds by which a store gives a download by itself: so long a grant that was taken back still works. */
  readonly redirectLifetime: number;
  /** How long downloads may go on when the gateway is closed. */
  readonly closeDeadline: number;
  /** Between comments that keep a stream of events open. */
  readonly heartbeat: number;
  /** Refused requests of one address: at once, and then each second. */
  readonly failures: { readonly burst: number; readonly perSecond: number };
}

export const defaultLimits: GatewayLimits = {
  bodyBytes: 2 ** 20,
  connections: 8192,
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  checkInterval: 5_000,
  idleTimeout: 120_000,
  keepAliveTimeout: 65_000,
  redirectLifetime: 300_000,
  closeDeadline: 5_000,
  heartbeat: 15_000,
  failures: { burst: 60, perSecond: 1 },
};
