/** The blocks of one blob, as the store lists them and as their ids tell. */
import { ask, blobOf, type Container } from "./container.ts";
import { type BlockName, parseBlockId } from "./block-ids.ts";
import { isMissing } from "./errors.ts";

export interface Block {
  readonly id: string;
  readonly size: number;
  /** Undefined where it is none of ours. */
  readonly name: BlockName | undefined;
}

export interface BlobBlocks {
  /** Without quotation marks; of no meaning where nothing is committed. */
  readonly etag: string;
  /** In the order of the blob's bytes. */
  readonly committed: readonly Block[];
  readonly uncommitted: readonly Block[];
}

/** Undefined where there is neither a blob nor a block of one. */
export async function readBlocks(
  container: Container,
  key: string,
  signal: AbortSignal,
): Promise<BlobBlocks | undefined> {
  return ask<BlobBlocks | undefined>(
    container,
    {
      operation: "Get Block List",
      key,
      run: async (options) => {
        const { etag, committedBlocks, uncommittedBlocks } = await blobOf(container, key).getBlockList(
          "all",
          options,
        );
        return {
          etag: (etag ?? "").replaceAll('"', ""),
          committed: (committedBlocks ?? []).map(block),
          uncommitted: (uncommittedBlocks ?? []).map(block),
        };
      },
    },
    signal,
    (error) => {
      if (isMissing(error)) return undefined;
      throw error;
    },
  );
}

const block = ({ name, size }: { readonly name: string; readonly size: number }): Block => ({
  id: name,
  size,
  name: parseBlockId(name),
});

/** Whether the blob that stands was made by this upload. */
export const wasMadeBy = ({ committed }: BlobBlocks, upload: string): boolean =>
  committed.some(({ name }) => name?.upload === upload);

/** The block that each part of an upload now is, by number. */
export function latestBlocks(
  { uncommitted }: BlobBlocks,
  upload: string,
): Map<number, Block & { readonly name: BlockName }> {
  const latest = new Map<number, Block & { readonly name: BlockName }>();
  for (const { name, ...rest } of uncommitted) {
    if (name?.upload !== upload) continue;
    const known = latest.get(name.number)?.name;
    if (known === undefined || isLater(name, known)) latest.set(name.number, { ...rest, name });
  }
  return latest;
}

/** Two that knew nothing of one another have the same edition: then it only has to be the same one for everybody. */
const isLater = (a: BlockName, b: BlockName): boolean =>
  a.edition === b.edition ? a.md5 > b.md5 : a.edition > b.edition;
