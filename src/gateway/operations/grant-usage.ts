import type { GrantUsage } from "../../domain/ports/grant-usage.ts";
import type { DownloadGrant } from "../../domain/resources/resource.ts";

/** The grant with what was downloaded with it up to now; its stored status may be a little older. */
export function withUsage(grant: DownloadGrant, usage: GrantUsage): DownloadGrant {
  const { uid } = grant.metadata;
  const bytesServed = Math.max(grant.status?.bytesServed ?? 0, usage.served(uid));
  const lastUsed = usage.lastUsed(uid);
  const lastUsedTime =
    lastUsed === undefined ? undefined : { lastUsedTime: new Date(lastUsed).toISOString() };
  return { ...grant, status: { ...grant.status, bytesServed, ...lastUsedTime } };
}
