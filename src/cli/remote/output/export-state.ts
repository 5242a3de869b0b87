/** What an Export's document says of its state, in a few words. */
import { formatQuantity } from "../../../domain/quantity.ts";
import { succeededOf } from "../../../domain/resources/export-end.ts";
import { locationOf } from "../../../domain/resources/place-location.ts";
import type { Export } from "../../../domain/resources/resource.ts";

/** The Status column: the reason of the condition Succeeded. */
export function statusOf(resource: Export): string {
  if (resource.metadata.deletionTimestamp !== undefined) return "Deleting";
  return succeededOf(resource)?.reason ?? "Pending";
}

/** Whether it will not change by itself any more, and how it ended. */
export function endOf(resource: Export): "succeeded" | "failed" | undefined {
  const status = succeededOf(resource)?.status;
  if (status === "True") return "succeeded";
  return status === "False" ? "failed" : undefined;
}

/** "3/10"; "" before anything is planned. */
export function partsOf({ status }: Export): string {
  if (status?.display !== undefined) return status.display.parts;
  return status?.parts === undefined ? "" : `${status.parts.succeeded}/${status.parts.total}`;
}

export function sizeOf({ status }: Export): string {
  if (status?.display !== undefined) return status.display.size;
  const bytes = status?.archive?.size ?? status?.bytes?.written;
  return bytes === undefined ? "" : formatQuantity(bytes);
}

export function destinationOf({ metadata, spec }: Export): string {
  return spec.destination.name ?? locationOf(spec.destination, metadata) ?? "";
}

export function sourceOf({ metadata, spec }: Export): string {
  return locationOf(spec.source, metadata) ?? "";
}
