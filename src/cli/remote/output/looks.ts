/** How resources are shown in tables. */
import { succeededOf } from "../../../domain/resources/export-end.ts";
import { formatBytes } from "../../../domain/quantity.ts";
import { conditionOf } from "../../../domain/resources/condition.ts";
import { locationOf } from "../../../domain/resources/place-location.ts";
import { quantityBytes } from "../../../domain/resources/quantity-field.ts";
import type {
  DownloadGrant,
  Export,
  ExportDestination,
  Resource,
} from "../../../domain/resources/resource.ts";
import { age, untilThen } from "../../duration.ts";
import { destinationOf, partsOf, sizeOf, sourceOf, statusOf } from "./export-state.ts";
import type { Look } from "./printer.ts";
import { shown } from "./shown.ts";
import type { Column } from "./table.ts";

const name: Column<Resource> = { title: "NAME", value: ({ metadata }) => metadata.name };
const ageColumn: Column<Resource> = {
  title: "AGE",
  value: ({ metadata }, now) => age(metadata.creationTimestamp, now),
};
const labelOf =
  (word: string) =>
  ({ metadata }: Resource): string =>
    `${word}/${shown(metadata.name)}`;

const reasonOf = ({ status }: Resource, type: string): string =>
  conditionOf(status?.conditions, type)?.reason ?? "";

const messageOf = ({ status }: ExportDestination): string =>
  conditionOf(status?.conditions, "Ready")?.message ?? "";

export const exportLook: Look<Export> = {
  listKind: "ExportList",
  label: labelOf("export"),
  columns: [
    name,
    { title: "STATUS", value: statusOf },
    { title: "PARTS", value: partsOf },
    { title: "SIZE", value: sizeOf },
    { title: "DESTINATION", value: destinationOf },
    { title: "EXPIRES", value: ({ status }, now) => untilThen(status?.expirationTime, now) },
    ageColumn,
    { title: "SOURCE", wide: true, value: sourceOf },
    { title: "FORMAT", wide: true, value: ({ spec }) => spec.format },
    { title: "FILES", wide: true, value: ({ status }) => status?.files?.toLocaleString("en") ?? "" },
    { title: "DIFFERENCES", wide: true, value: ({ status }) => String(status?.differences ?? "") },
    { title: "MESSAGE", wide: true, value: (resource) => succeededOf(resource)?.message ?? "" },
  ],
};

/** Of all namespaces. */
export const exportEverywhereLook: Look<Export> = {
  ...exportLook,
  columns: [{ title: "NAMESPACE", value: ({ metadata }) => metadata.namespace }, ...exportLook.columns],
};

export const destinationLook: Look<ExportDestination> = {
  listKind: "ExportDestinationList",
  label: labelOf("destination"),
  columns: [
    name,
    { title: "STATUS", value: (destination) => reasonOf(destination, "Ready") },
    { title: "PLACE", value: ({ metadata, spec }) => locationOf(spec, metadata) ?? "" },
    ageColumn,
    { title: "MESSAGE", wide: true, value: messageOf },
  ],
};

export const grantLook: Look<DownloadGrant> = {
  listKind: "DownloadGrantList",
  label: labelOf("grant"),
  columns: [
    name,
    { title: "EXPORT", value: ({ spec }) => spec.exportRef.name },
    { title: "STATUS", value: (grant) => (grant.spec.revoked ? "Revoked" : reasonOf(grant, "Valid")) },
    { title: "EXPIRES", value: (grant, now) => untilThen(grantEnd(grant), now) },
    { title: "USED", value: usedOf },
    ageColumn,
    { title: "DESCRIPTION", value: ({ spec }) => spec.description ?? "" },
    { title: "LAST USED", wide: true, value: ({ status }, now) => age(status?.lastUsedTime, now) },
  ],
};

/** When it expires, as an RFC 3339 time. */
export function grantEnd({ spec, status, metadata }: DownloadGrant): string {
  const end = Date.parse(metadata.creationTimestamp) + spec.expiresInSeconds * 1000;
  return status?.expirationTime ?? new Date(end).toISOString();
}

/** "1.5 GiB of 10 GiB" */
export function usedOf({ spec, status }: DownloadGrant): string {
  const used = formatBytes(status?.bytesServed ?? 0);
  return spec.maxBytes === undefined ? used : `${used} of ${formatBytes(quantityBytes(spec.maxBytes))}`;
}
