/** Finds blocks that were never committed, and gets rid of them. */
import type { UploadPlace } from "../../../domain/ports/object-store.ts";
import { type BlobBlocks, readBlocks } from "./block-list.ts";
import { ask, blobOf, type Container } from "./container.ts";
import { isMissing, nameOf, statusOf } from "./errors.ts";
import { readItems } from "./listing.ts";

/** Stands for whoever sent blocks whose ids are not of ours. */
const strangers = "unknown";

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
    // What has only uncommitted blocks is listed as empty, and has no digest, as other empty blobs have.
    for (const { name, properties } of page.items)
      if (properties.contentLength === 0 && properties.contentMD5 === undefined) keys.add(name);
    marker = page.marker;
  } while (marker !== undefined);
  const found: UploadPlace[] = [];
  for (const key of keys) {
    const blocks = await readBlocks(container, key, signal);
    for (const id of blocks === undefined ? [] : uploadsIn(blocks)) found.push({ key, id });
  }
  return found;
}

const uploadsIn = ({ uncommitted }: BlobBlocks): Set<string> =>
  new Set(uncommitted.map(({ name }) => name?.upload ?? strangers));

/** What comes back is `MultipartUploads.abort`. */
export function abandonUploads(container: Container) {
  /** Uploads that were given up while blocks of others lay beside theirs. */
  const abandoned = new Set<string>();
  return async ({ key, id }: UploadPlace, signal: AbortSignal): Promise<void> => {
    const blocks = await readBlocks(container, key, signal);
    if (blocks === undefined) return;
    const uploads = uploadsIn(blocks);
    if (!uploads.has(id)) return;
    abandoned.add(`${id} ${key}`);
    // All blocks of a name go together. Where another upload still needs its own, the rest goes when that one is completed.
    if (![...uploads].every((upload) => abandoned.has(`${upload} ${key}`))) return;
    // Nothing takes the blocks away from a blob that stands without writing it anew; Azure does after a week.
    if (blocks.committed.length === 0) await discard(container, key, signal);
    for (const upload of uploads) abandoned.delete(`${upload} ${key}`);
  };
}

/** Commits an empty blob, if there is none, and removes it: that is how Azure forgets blocks at once. */
async function discard(container: Container, key: string, signal: AbortSignal): Promise<void> {
  const blob = blobOf(container, key);
  const etag = await ask<string | undefined>(
    container,
    {
      operation: "Put Block List",
      key,
      run: async (options) =>
        (await blob.commitBlockList([], { ...options, conditions: { ifNoneMatch: "*" } })).etag,
    },
    signal,
    (error) => {
      if (nameOf(error) === "BlobAlreadyExists" || statusOf(error) === 412) return undefined;
      throw error;
    },
  );
  if (etag === undefined) return;
  await ask<unknown>(
    container,
    {
      operation: "Delete Blob",
      key,
      run: (options) =>
        blob.delete({ ...options, deleteSnapshots: "include", conditions: { ifMatch: etag } }),
    },
    signal,
    (error) => {
      if (isMissing(error) || statusOf(error) === 412) return undefined;
      throw error;
    },
  );
}
