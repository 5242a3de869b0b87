/** The small record written after a part is safe; it names exactly the bytes that it vouches for. */
import { z } from "zod";
import { archiveObject, filesFolder } from "./part.ts";
import { count, sha256Hex } from "./schema-words.ts";

export const ObjectName = z
  .string()
  .max(4096)
  .regex(/^(?!\/)(?!.*(^|\/)\.{1,2}(\/|$)).*[^/]$/, "is not a relative path");

export const FileDigest = z.strictObject({ object: ObjectName, size: count, sha256: sha256Hex });
export type FileDigest = z.infer<typeof FileDigest>;

/** A run of index lines, one zstd frame: the first line's path, where the frame begins in its fragment, its sizes. */
export const IndexPage = z.strictObject({
  path: z.string().optional(),
  pathBase64: z.string().optional(),
  offset: count,
  size: count,
  lines: count,
});
export type IndexPage = z.infer<typeof IndexPage>;

/** A part as the store has it in an upload. */
export const SentPart = z.strictObject({
  /** Id of the upload. */
  upload: z.string().max(4096),
  /** As the store said it; "" while nobody has heard. */
  etag: z.string().max(1024),
  md5: z.string().regex(/^[0-9a-f]{32}$/),
  /** SHA-256 of the part, where the store has checked it and says so. */
  checksum: sha256Hex.optional(),
});
export type SentPart = z.infer<typeof SentPart>;

export const Receipt = z.strictObject({
  formatVersion: z.literal(1),
  number: count,
  key: sha256Hex,
  /** For format Files the name of the folder, and the digest is over the lines `<sha256>  <size>` of its files. */
  object: z.union([z.literal(filesFolder), z.literal(archiveObject), ObjectName]),
  size: count,
  sha256: sha256Hex,
  /** Of a part that was sent into an upload, and has no object of its own. */
  sent: SentPart.optional(),
  uncompressedSize: count,
  startsInside: z.boolean(),
  endsInside: z.boolean(),
  settled: z.boolean(),
  counts: z.strictObject({ entries: count, files: count, content: count }),
  /** What was not as planned; the lines themselves are in the fragment. */
  differences: z.strictObject({ count, fragment: FileDigest.optional() }),
  /** Stored and uncompressed bytes of each frame, in order. */
  frames: z.array(z.tuple([count, count])),
  /** CRC-32 and stored bytes of the content of a split file's piece that ends this part (zip joins them). */
  piece: z.strictObject({ crc32: count, storedSize: count }).optional(),
  index: z.strictObject({ fragment: FileDigest, lines: count, pages: z.array(IndexPage) }),
  attempt: count,
  adopted: z.boolean(),
  reused: z.boolean(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
});
export type Receipt = z.infer<typeof Receipt>;
