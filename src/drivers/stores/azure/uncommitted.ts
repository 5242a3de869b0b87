/** Finds blocks that were never committed, and gets rid of them. */
import type { BlobProperties } from "@azure/storage-blob";
import type { UploadPlace } from "../../../domain/ports/object-store.ts";
import { type BlobBlocks, readBlocks, signs, strangers, uploadIn, uploadsIn } from "./block-list.ts";
import { ask, blobOf, type Container } from "./container.ts";
import { isMissing, nameOf, statusOf } from "./errors.ts";
import { readItems } from "./listing.ts";
import { sendSign } from "./send-block.ts";

/** Uploads of keys that begin with the prefix, which may be the key itself. */
export async function listUploads(
  container: Container,
  prefix: string,
  signal: AbortSignal,
): Promise<UploadPlace[]> {
  const keys = new Set<string>();
  // A blob that stands may have blocks for its next content, which no list shows.
  if (prefix !== "" && !prefix.endsWith("/")) keys.add(prefix);
  let marker: string | undefined;
  do {
    const wanted = { prefix, marker };
    const page = await readItems(container, wanted, { includeUncommitedBlobs: true }, signal);
    for (const { name, properties } of page.items) if (mayHaveBlocksOnly(properties)) keys.add(name);
    marker = page.marker;
  } while (marker !== undefined);
  const found: UploadPlace[] = [];
  for (const key of keys) {
    const blocks = await readBlocks(container, key, signal);
    for (const id of blocks === undefined ? [] : leftIn(blocks)) found.push({ key, id });
  }
  return found;
}

/** What has only uncommitted blocks is listed as empty and without a digest, which other empty blobs have. */
const mayHaveBlocksOnly = ({ blobType, contentLength, contentMD5 }: BlobProperties): boolean =>
  blobType === "BlockBlob" && contentLength === 0 && contentMD5 === undefined;

/** Uploads that have blocks and were neither aborted nor made into the blob that stands. */
function leftIn(blocks: BlobBlocks): string[] {
  const made = new Set(blocks.committed.map(({ name }) => name?.upload));
  return [...uploadsIn(blocks)].filter((id) => !made.has(id) && !uploadIn(blocks, id).isEnded);
}

/** What comes back is that of `MultipartUploads.abort`. */
export async function abandon(
  container: Container,
  { key, id }: UploadPlace,
  signal: AbortSignal,
): Promise<void> {
  const blocks = await readBlocks(container, key, signal);
  if (blocks === undefined) return;
  const left = leftIn(blocks);
  if (!left.includes(id)) return;
  // All blocks of a name go together. Where another upload still needs its own, the rest goes when that one is over.
  if (left.length === 1 && blocks.committed.length === 0 && (await discard(container, key, signal))) return;
  // Nothing takes blocks away from a blob that stands without writing it anew; Azure does after a week.
  if (id !== strangers) await sendSign(container, { key, id }, signs.ended, signal);
}

/** Commits an empty blob, if there is none, and removes it: that is how Azure forgets blocks at once. False where there is one. */
async function discard(container: Container, key: string, signal: AbortSignal): Promise<boolean> {
  const blob = blobOf(container, key);
  const etag = await ask<string | undefined>(
    container,
    {
      operation: "Put Block List",
      key,
      run: async (options) =>
        (await blob.commitBlockList([], { ...options, conditions: { ifNoneMatch: "*" } })).etag,
      rescue: (error) => {
        if (nameOf(error) === "BlobAlreadyExists" || statusOf(error) === 412) return undefined;
        throw error;
      },
    },
    signal,
  );
  if (etag === undefined) return false;
  const conditions = { ifMatch: etag };
  await ask<unknown>(
    container,
    {
      operation: "Delete Blob",
      key,
      run: (options) => blob.delete({ ...options, deleteSnapshots: "include", conditions }),
      rescue: (error) => {
        if (isMissing(error) || statusOf(error) === 412) return undefined;
        throw error;
      },
    },
    signal,
  );
  return true;
}
