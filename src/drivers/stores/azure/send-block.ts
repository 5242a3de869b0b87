/** Sends one block, with a digest that the store checks it by. */
import { createHash } from "node:crypto";
import type { UploadPlace } from "../../../domain/ports/object-store.ts";
import { type BlockName, blockId } from "./block-ids.ts";
import { signNumber } from "./block-list.ts";
import { blobOf, type Container, send } from "./container.ts";

export interface NewBlock {
  readonly key: string;
  readonly name: BlockName;
  readonly size: number;
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
}

/** The id of the block. A second call with the same bytes replaces it by itself. */
export async function sendBlock(
  container: Container,
  { key, name, size, bytes }: NewBlock,
  signal: AbortSignal,
): Promise<string> {
  const id = blockId(name);
  const transactionalContentMD5 = Buffer.from(name.md5, "hex");
  await send(
    container,
    {
      operation: "Put Block",
      key,
      bytes,
      run: (body, options) =>
        blobOf(container, key).stageBlock(id, body, size, { ...options, transactionalContentMD5 }),
    },
    signal,
  );
  return id;
}

/** A block that is no part: its edition says something of its upload. Azure takes no empty blocks. */
export async function sendSign(
  container: Container,
  { key, id }: UploadPlace,
  edition: number,
  signal: AbortSignal,
): Promise<void> {
  const bytes = new Uint8Array(1);
  const md5 = createHash("md5").update(bytes).digest("hex");
  const name = { upload: id, number: signNumber, edition, md5 };
  await sendBlock(container, { key, name, size: bytes.length, bytes }, signal);
}
