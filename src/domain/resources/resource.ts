/** The kinds of resources, as documents with metadata, spec and status; everything that differs between them stands in `kinds`. */
import { z } from "zod";
import { DownloadGrantSpec, DownloadGrantStatus, mutableGrantFields } from "./download-grant.ts";
import { ExportDestinationSpec, ExportDestinationStatus } from "./export-destination.ts";
import { ExportSpec, ExportStatus, mutableExportFields } from "./export.ts";
import { ObjectMeta } from "./object-meta.ts";

export const apiGroup = "longshore.dev";
export const apiVersion = `${apiGroup}/v1alpha1`;

const document = <K extends string, S extends z.ZodType, T extends z.ZodType>(kind: K, spec: S, status: T) =>
  z.strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(kind),
    metadata: ObjectMeta,
    spec,
    status: status.optional(),
  });

export const Export = document("Export", ExportSpec, ExportStatus);
export type Export = z.infer<typeof Export>;
export const ExportDestination = document(
  "ExportDestination",
  ExportDestinationSpec,
  ExportDestinationStatus,
);
export type ExportDestination = z.infer<typeof ExportDestination>;
export const DownloadGrant = document("DownloadGrant", DownloadGrantSpec, DownloadGrantStatus);
export type DownloadGrant = z.infer<typeof DownloadGrant>;

/** Every kind by its name. */
export interface Resources {
  readonly Export: Export;
  readonly ExportDestination: ExportDestination;
  readonly DownloadGrant: DownloadGrant;
}
export type Kind = keyof Resources;
export type Resource = Resources[Kind];

interface KindDescription {
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly schema: z.ZodType;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** Members of `spec` that may change after creation. */
  readonly mutable: readonly string[];
}

export const kinds: Readonly<Record<Kind, KindDescription>> = {
  Export: {
    plural: "exports",
    singular: "export",
    shortNames: ["exp"],
    schema: Export,
    spec: ExportSpec,
    status: ExportStatus,
    mutable: mutableExportFields,
  },
  ExportDestination: {
    plural: "exportdestinations",
    singular: "exportdestination",
    shortNames: ["expdest"],
    schema: ExportDestination,
    spec: ExportDestinationSpec,
    status: ExportDestinationStatus,
    mutable: [],
  },
  DownloadGrant: {
    plural: "downloadgrants",
    singular: "downloadgrant",
    shortNames: ["grant"],
    schema: DownloadGrant,
    spec: DownloadGrantSpec,
    status: DownloadGrantStatus,
    mutable: mutableGrantFields,
  },
};
