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
      rescue: (error) => {
        if (isMissing(error)) return undefined;
        throw error;
      },
    },
    signal,
  );
}

const block = ({ name, size }: { readonly name: string; readonly size: number }): Block => ({
  id: name,
  size,
  name: parseBlockId(name),
});

/** Stands for whoever sent blocks whose ids are not of ours. */
export const strangers = "unknown";

/** Number of the blocks that are no parts but say that an upload has begun, or ended. */
export const signNumber = 0;
export const signs = { begun: 0, ended: 255 } as const;

export interface FoundUpload {
  /** Begun, and neither completed nor aborted. */
  readonly isOpen: boolean;
  readonly isEnded: boolean;
  /** The block that each part is, by number. */
  readonly parts: ReadonlyMap<number, NamedBlock>;
}

export interface NamedBlock extends Block {
  readonly name: BlockName;
}

/** What the blocks say of one upload. */
export function uploadIn({ uncommitted }: Pick<BlobBlocks, "uncommitted">, upload: string): FoundUpload {
  const parts = new Map<number, NamedBlock>();
  const found = new Set<number>();
  for (const { name, ...rest } of uncommitted) {
    if (name?.upload !== upload) continue;
    if (name.number === signNumber) {
      found.add(name.edition);
      continue;
    }
    const known = parts.get(name.number)?.name;
    if (known === undefined || isLater(name, known)) parts.set(name.number, { ...rest, name });
  }
  const isEnded = found.has(signs.ended);
  return { isOpen: found.has(signs.begun) && !isEnded, isEnded, parts };
}

/** Of two that knew nothing of one another it only has to be the same one for everybody. */
const isLater = (a: BlockName, b: BlockName): boolean =>
  a.edition === b.edition ? a.md5 > b.md5 : a.edition > b.edition;

/** Uploads whose blocks are not committed, ended or not. */
export const uploadsIn = ({ uncommitted }: Pick<BlobBlocks, "uncommitted">): Set<string> =>
  new Set(uncommitted.map(({ name }) => name?.upload ?? strangers));
