/** manifest.json: the proof of the whole export, and index.pages.json: where in the index a path is found. */
import { z } from "zod";
import { formatNames } from "./export-options.ts";
import { archiveObject, filesFolder } from "./part.ts";
import { FileDigest, IndexPage, ObjectName } from "./receipt.ts";
import { count, sha256Hex } from "./schema-words.ts";

export const ManifestPart = z.strictObject({
  number: count,
  key: sha256Hex,
  object: z.union([z.literal(filesFolder), z.literal(archiveObject), ObjectName]),
  /** Where it begins in the archive's object; absent where it is an object of its own. */
  offset: count.optional(),
  size: count,
  sha256: sha256Hex,
  uncompressedSize: count,
  entries: count,
  files: count,
  content: count,
  startsInside: z.boolean(),
  endsInside: z.boolean(),
  /** The part that ends the archive and holds no entries. */
  tail: z.boolean(),
});
export type ManifestPart = z.infer<typeof ManifestPart>;

export const DifferenceCounts = z.strictObject({
  changed: count,
  vanished: count,
  unreadable: count,
  unsupported: count,
});
export type DifferenceCounts = z.infer<typeof DifferenceCounts>;

export const RequestOptions = z.strictObject({
  format: z.enum(formatNames),
  level: z.int(),
  partSize: count,
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  differences: z.enum(["record", "fail"]),
  entryDigests: z.boolean(),
  crossFileSystems: z.boolean(),
});

/** What depends on the run and not on the data. */
const ManifestRun = z.strictObject({
  name: z.string(),
  owner: z.string(),
  source: z.string(),
  issuer: z.string().optional(),
  startedAt: z.iso.datetime(),
  plannedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  host: z.string(),
  versions: z.record(z.string(), z.string()),
  /** Bytes of content planned for attempts that came to nothing. */
  redone: count,
  attempts: count,
  /** Numbers of the parts taken over from a previous export. */
  reused: z.array(count),
  /** The archive, where it is one object of the store. */
  archive: z.strictObject({ object: ObjectName, size: count, etag: z.string() }).optional(),
  /** plan.json and the receipts. */
  files: z.array(FileDigest),
});
export type ManifestRun = z.infer<typeof ManifestRun>;

export const Manifest = z.strictObject({
  formatVersion: z.literal(1),
  format: z.enum(formatNames),
  options: RequestOptions,
  source: z.strictObject({ kind: z.string() }),
  totals: z.strictObject({
    entries: count,
    files: count,
    /** Planned bytes of content. */
    content: count,
    /** Bytes of the joined archive before compression, and as it is. */
    uncompressed: count,
    archive: count,
  }),
  differences: DifferenceCounts,
  parts: z.array(ManifestPart),
  /** Every other file that does not depend on the run: plan pages, index, differences. */
  files: z.array(FileDigest),
  /** SHA-256 of this document without `contentDigest` and `run`, as JSON without white space. */
  contentDigest: sha256Hex,
  run: ManifestRun,
});
export type Manifest = z.infer<typeof Manifest>;

/** index.pages.json: for each part where its lines lie in index.jsonl.zst, and the pages of them. */
export const IndexPageTable = z.strictObject({
  formatVersion: z.literal(1),
  parts: z.array(
    z.strictObject({ number: count, offset: count, size: count, lines: count, pages: z.array(IndexPage) }),
  ),
});
export type IndexPageTable = z.infer<typeof IndexPageTable>;

/** statement.json: whose export the manifest is of; signed with Ed25519 (RFC 8032) over its bytes. */
export const Statement = z.strictObject({
  formatVersion: z.literal(1),
  /** SHA-256 of manifest.json. */
  manifest: sha256Hex,
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  /** "ed25519:" and the signer's public key, base64 of its SubjectPublicKeyInfo (RFC 8410). */
  issuer: z.string(),
});
export type Statement = z.infer<typeof Statement>;
