/** What shows that an object was made of certain parts: a note that was written with it, its size, its checksum, their number. */
import { createHash } from "node:crypto";
import { crc32cCombine } from "../../../domain/crc32-combine.ts";
import type { PartFacts } from "../../../domain/ports/object-store.ts";
import type { GcsObject } from "./objects.ts";

/** Stored bytes with what the store says of them. */
export interface Sum {
  readonly size: number;
  readonly crc32c: number;
}

/** Names of metadata of the completed object, which goes with its content and never changes without it. */
const uploadTag = "longshore-upload";
const partsTag = "longshore-parts";
const sumTag = "longshore-crc32c";

/** The checksum of bytes one after another, by theirs. */
export function joinedSum(pieces: readonly Sum[]): Sum {
  return pieces.reduce<Sum>(
    (whole, piece) => ({
      size: whole.size + piece.size,
      crc32c: crc32cCombine(whole.crc32c, piece.crc32c, piece.size),
    }),
    { size: 0, crc32c: 0 },
  );
}

/** What the object says of itself: its upload, the MD5s of its parts, and the checksum that follows from theirs. */
export const notesOf = (
  id: string,
  parts: readonly PartFacts[],
  { crc32c }: Sum,
): Record<string, string> => ({
  [uploadTag]: id,
  [partsTag]: digestOf(parts),
  [sumTag]: String(crc32c),
});

/** The upload that the object was completed from, where the object says so. */
export const uploadIdOf = ({ metadata }: GcsObject): string | undefined => metadata[uploadTag];

/** Undefined where the object can't be made of these parts; a rewritten one may have lost what would show it. */
export function proofOf(found: GcsObject, parts: readonly PartFacts[]): "proven" | "possible" | undefined {
  const { size, crc32c, componentCount, metadata } = found;
  if (size !== parts.reduce((sum, part) => sum + part.size, 0)) return undefined;
  const { [partsTag]: made, [sumTag]: sum } = metadata;
  if (made === undefined || sum === undefined || componentCount !== parts.length) return "possible";
  return made === digestOf(parts) && sum === String(crc32c) ? "proven" : undefined;
}

/** As S3 makes an ETag: the digest of the parts' digests, and how many there are. */
function digestOf(parts: readonly PartFacts[]): string {
  const hash = createHash("md5");
  for (const { etag } of parts) hash.update(Buffer.from(etag, "hex"));
  return `${hash.digest("hex")}-${parts.length}`;
}
