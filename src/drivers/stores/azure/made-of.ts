/** Says whether a blob is what parts make: by the ids of its blocks, which hold the digests that the store checked. */
import type { PartFacts } from "../../../domain/ports/object-store.ts";
import { type Block, readBlocks } from "./block-list.ts";
import { ask, blobOf, type Container } from "./container.ts";
import { isMissing } from "./errors.ts";

interface Made {
  readonly etag: string;
  readonly isProven: boolean;
}

/** What comes back is `MultipartUploads.madeOf`. */
export async function madeOf(
  container: Container,
  { key, parts }: { readonly key: string; readonly parts: readonly PartFacts[] },
  signal: AbortSignal,
): Promise<Made | undefined> {
  const found = await readBlocks(container, key, signal);
  if (found === undefined) return undefined;
  const { committed, etag } = found;
  if (committed.length > 0 && committed.every(({ name }) => name !== undefined))
    return isMadeOf(committed, parts) ? { etag, isProven: true } : undefined;
  // Somebody copied or rewrote it; the bytes may still be the same.
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return ask<Made | undefined>(
    container,
    {
      operation: "Get Blob Properties",
      key,
      run: async (options) => {
        const properties = await blobOf(container, key).getProperties(options);
        if (properties.contentLength !== size) return undefined;
        return { etag: (properties.etag ?? "").replaceAll('"', ""), isProven: false };
      },
      rescue: (error) => {
        if (isMissing(error)) return undefined;
        throw error;
      },
    },
    signal,
  );
}

function isMadeOf(blocks: readonly Block[], parts: readonly PartFacts[]): boolean {
  const isPart = (block: Block, part: PartFacts | undefined): boolean =>
    block.size === part?.size && block.name?.number === part.number && block.name.md5 === part.etag;
  return blocks.length === parts.length && blocks.every((block, i) => isPart(block, parts[i]));
}
