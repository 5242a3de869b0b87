/** The bodies of requests and answers that are no resources themselves. */
import { z } from "zod";
import { roles } from "../domain/permission.ts";
import { DownloadGrantSpec } from "../domain/resources/download-grant.ts";
import { ExportDestinationSpec } from "../domain/resources/export-destination.ts";
import { ExportSpec, type mutableExportFields } from "../domain/resources/export.ts";
import type { mutableGrantFields } from "../domain/resources/download-grant.ts";
import { ResourceName } from "../domain/resources/names.ts";
import { ObjectMetaInput } from "../domain/resources/object-meta.ts";
import { apiVersion, DownloadGrant, Export, ExportDestination } from "../domain/resources/resource.ts";
import { count } from "../domain/schema-words.ts";

/** What a person sends to make one. A status may stand there, as in a document that was read before; it is ignored. */
const input = <K extends string, S extends z.ZodType>(kind: K, spec: S) =>
  z.strictObject({
    apiVersion: z.literal(apiVersion).optional(),
    kind: z.literal(kind).optional(),
    metadata: ObjectMetaInput,
    spec,
    status: z.unknown().optional().describe("Ignored."),
  });

export const NewExport = input("Export", ExportSpec);
/** As it is sent: what has a default may be missing. */
export type NewExport = z.input<typeof NewExport>;
export const NewExportDestination = input("ExportDestination", ExportDestinationSpec);
export type NewExportDestination = z.input<typeof NewExportDestination>;

const list = <K extends string, T extends z.ZodType>(kind: K, item: T) =>
  z.strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(`${kind}List` as const),
    metadata: z.strictObject({
      /** Where a watch goes on from. */
      resourceVersion: z.string(),
      /** Query parameter of the next page; missing at the end. */
      continue: z.string().optional(),
    }),
    items: z.array(item),
  });

export const ExportList = list("Export", Export);
export type ExportList = z.infer<typeof ExportList>;
export const ExportDestinationList = list("ExportDestination", ExportDestination);
export type ExportDestinationList = z.infer<typeof ExportDestinationList>;
export const DownloadGrantList = list("DownloadGrant", DownloadGrant);
export type DownloadGrantList = z.infer<typeof DownloadGrantList>;

/** Merge patches (RFC 7396): null takes a member away, so that its default holds. */
const textsPatch = (longest: number) =>
  z.record(z.string().min(1).max(317), z.string().max(longest).nullable()).nullable().optional();
const metadataPatch = z.strictObject({ labels: textsPatch(63), annotations: textsPatch(4096) });
const patch = <K extends string, S extends z.ZodType>(kind: K, spec: S) =>
  z.strictObject({
    apiVersion: z.literal(apiVersion).optional(),
    kind: z.literal(kind).optional(),
    metadata: metadataPatch.optional(),
    spec: spec.optional(),
  });

type Fields<K extends string> = Readonly<Record<K, z.ZodType>>;

const { ttlSecondsAfterFinished, deletionPolicy, workers } = ExportSpec.shape;
export const ExportPatch = patch(
  "Export",
  z.strictObject({
    suspend: z.boolean().nullable().optional(),
    cancel: z.boolean().nullable().optional(),
    ttlSecondsAfterFinished: ttlSecondsAfterFinished.nullable().optional(),
    deletionPolicy: deletionPolicy.unwrap().nullable().optional(),
    workers: z
      .strictObject({
        mode: workers.unwrap().shape.mode.unwrap().nullable().optional(),
        count: workers.unwrap().shape.count.unwrap().nullable().optional(),
      })
      .nullable()
      .optional(),
  } satisfies Fields<(typeof mutableExportFields)[number]>),
);
export type ExportPatch = z.infer<typeof ExportPatch>;

export const DownloadGrantPatch = patch(
  "DownloadGrant",
  z.strictObject({
    revoked: z.boolean().nullable().optional(),
    description: DownloadGrantSpec.shape.description.nullable().optional(),
  } satisfies Fields<(typeof mutableGrantFields)[number]>),
);
export type DownloadGrantPatch = z.infer<typeof DownloadGrantPatch>;

/** The answer to a grant's making: the one time that its URL is said. */
export const CreatedGrant = z.strictObject({
  ...DownloadGrant.shape,
  url: z.url().describe("Downloads with this grant; said this once."),
});
export type CreatedGrant = z.infer<typeof CreatedGrant>;

export const TokenRequest = z.strictObject({
  name: ResourceName,
  role: z.enum(roles),
  expiresInSeconds: z
    .int()
    .min(1)
    .max(10 * 366 * 86_400)
    .optional()
    .describe("How long it holds; for ever if it is missing."),
});
export type TokenRequest = z.infer<typeof TokenRequest>;

export const TokenDocument = z.strictObject({
  name: z.string(),
  role: z.enum(roles),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
});
export type TokenDocument = z.infer<typeof TokenDocument>;

export const CreatedToken = z.strictObject({
  ...TokenDocument.shape,
  token: z.string().describe("The token itself; said this once."),
});
export type CreatedToken = z.infer<typeof CreatedToken>;

export const TokenList = z.strictObject({ items: z.array(TokenDocument) });
export type TokenList = z.infer<typeof TokenList>;

export const AuditDocument = z.strictObject({
  id: count,
  time: z.iso.datetime(),
  actor: z.string(),
  action: z.string(),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string().optional(),
  uid: z.string().optional(),
  status: z.int(),
  address: z.string().optional(),
  download: z
    .strictObject({ file: z.string(), ranges: z.string(), bytes: count, complete: z.boolean() })
    .optional(),
  reason: z.string().optional(),
});
export type AuditDocument = z.infer<typeof AuditDocument>;

/** Newest first. */
export const AuditList = z.strictObject({
  items: z.array(AuditDocument),
  /** `before` of the next page; missing at the end. */
  next: count.optional(),
});
export type AuditList = z.infer<typeof AuditList>;

export const FileEntry = z.strictObject({
  /** From the export's root, a folder's ending in "/"; `pathBase64` instead where the bytes are not UTF-8. */
  path: z.string().optional(),
  pathBase64: z.base64().optional(),
  /** The last part of the path, as a person may safely read it: control characters and stray bytes escaped. */
  name: z.string(),
  type: z.enum([
    "file",
    "directory",
    "symlink",
    "hardlink",
    "fifo",
    "character-device",
    "block-device",
    "socket",
    "unknown",
  ]),
  size: count.optional(),
  /** Nanoseconds since 1970. This and the next three are missing where a folder has no entry of its own. */
  mtime: z
    .string()
    .regex(/^-?\d+$/)
    .optional(),
  mode: count.optional(),
  uid: count.optional(),
  gid: count.optional(),
  linkTarget: z.string().optional(),
  linkTargetBase64: z.base64().optional(),
});
export type FileEntry = z.infer<typeof FileEntry>;

/** One level of an export's tree, in order of the paths' bytes. */
export const FileListing = z.strictObject({
  /** Of the folder; "" is the root. */
  path: z.string().optional(),
  pathBase64: z.base64().optional(),
  entries: z.array(FileEntry),
  /** Query parameter of the next page; missing at the end. */
  cursor: z.string().optional(),
});
export type FileListing = z.infer<typeof FileListing>;

/** The answer where the path is that of an entry that is no folder. */
export const FileDocument = z.strictObject({ entry: FileEntry });
export type FileDocument = z.infer<typeof FileDocument>;

export const RotatedKey = z.strictObject({ keyId: z.string() });
export type RotatedKey = z.infer<typeof RotatedKey>;

export const Whoami = z.strictObject({ actor: z.string(), role: z.enum(roles) });
export type Whoami = z.infer<typeof Whoami>;

/** `event:` of a server-sent event. */
export const eventTypes = ["ADDED", "MODIFIED", "DELETED"] as const;
export type EventType = (typeof eventTypes)[number];
