/** Whether the object of an upload that nobody knows any more was made of what was sent: by a call whose answer was lost. */
import { createHash } from "node:crypto";
import type { ArchiveUpload, StoredPart } from "../../domain/ports/archive-uploads.ts";
import type { Destination } from "../../domain/ports/destination.ts";

export interface SentParts {
  readonly parts: readonly StoredPart[];
  /** What the same parts are. */
  readonly digests: readonly { readonly size: number; readonly sha256: string }[];
}

/** The ETag of the object that the upload was made into by somebody before, if every byte of it is what was sent. */
export async function completedBefore(
  destination: Destination,
  upload: ArchiveUpload,
  { parts, digests }: SentParts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await destination.archives?.madeOf(upload.object, parts, signal);
  if (found === undefined) return undefined;
  if (found.isProven) return found.etag;
  let offset = 0;
  for (const { size, sha256 } of digests) {
    const hash = createHash("sha256");
    for await (const chunk of destination.read(upload.object, { offset, length: size }, signal))
      hash.update(chunk);
    if (hash.digest("hex") !== sha256) return undefined;
    offset += size;
  }
  return found.etag;
}
