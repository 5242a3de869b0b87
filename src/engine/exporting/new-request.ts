/** The record of what an export was asked to be. */
import { formatVersion } from "../../domain/export-options.ts";
import type { ExportRequest } from "../../domain/plan.ts";
import type { ExportWork } from "./export-call.ts";

/** What stands in the destination of an export that nobody began before: its owner is drawn here unless it was said. */
export function newRequest({ call, home, source }: ExportWork): ExportRequest {
  return {
    formatVersion,
    name: call.name,
    owner: call.owner ?? home.newId(),
    source: source.location,
    startedAt: new Date(home.clock.now()).toISOString(),
    options: { ...call.options, include: [...call.options.include], exclude: [...call.options.exclude] },
    ...(call.signer === undefined ? undefined : { issuer: call.signer.issuer }),
  };
}
