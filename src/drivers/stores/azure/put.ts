/** Puts blobs whole: by one request, or by blocks where one can't carry it. */
import { randomBytes } from "node:crypto";
import type { Payload } from "../../../domain/ports/object-store.ts";
import { uploadId, uploadTokenLength } from "./block-ids.ts";
import { ask, blobOf, type Container, send } from "./container.ts";
import { nameOf, statusOf } from "./errors.ts";
import { md5Of, openSlices, sliceDigests } from "./payload-bytes.ts";
import { sendBlock } from "./send-block.ts";

/** https://learn.microsoft.com/rest/api/storageservices/put-blob: 5,000 MiB; every store that is asked takes this. */
const mostAtOnce = 4000 * 2 ** 20;
export const mostBlocks = 50_000;
const blockSize = 256 * 2 ** 20;

export interface PutLimits {
  /** Bytes that one request carries. */
  readonly atOnce: number;
  readonly blockSize: number;
}

const usual: PutLimits = { atOnce: mostAtOnce, blockSize };

export interface NewObject {
  readonly key: string;
  readonly payload: Payload;
  readonly metadata?: Record<string, string>;
  /** Only where there is no such blob. */
  readonly onlyNew?: boolean;
  /** Those of Azure where nothing is said. */
  readonly limits?: PutLimits;
}

/** False where there was to be none yet and there is one. */
export async function putBlob(container: Container, made: NewObject, signal: AbortSignal): Promise<boolean> {
  const { key, payload, metadata, onlyNew, limits = usual } = made;
  const settings = {
    ...container.newBlob,
    ...(metadata === undefined ? undefined : { metadata }),
    ...(onlyNew === true ? { conditions: { ifNoneMatch: "*" } } : undefined),
    blobHTTPHeaders: { blobContentType: payload.contentType ?? "application/octet-stream" },
  };
  const blob = blobOf(container, key);
  const rescue = (error: unknown): boolean => {
    if (onlyNew === true && isOccupied(error)) return false;
    throw error;
  };
  if (payload.size > limits.atOnce) {
    const ids = await putBlocks(container, made, limits, signal);
    const commit = async (options: { abortSignal: AbortSignal }): Promise<boolean> => {
      await blob.commitBlockList(ids, { ...settings, ...options });
      return true;
    };
    return ask(container, { operation: "Put Block List", key, run: commit, rescue }, signal);
  }
  const transactionalContentMD5 = Buffer.from(await md5Of(payload, signal), "hex");
  const run = async (body: Body, options: { abortSignal: AbortSignal }): Promise<boolean> => {
    await blob.upload(body, payload.size, { ...settings, ...options, transactionalContentMD5 });
    return true;
  };
  return send(container, { operation: "Put Blob", key, bytes: payload.open(), run, rescue }, signal);
}

type Body = Uint8Array | NodeJS.ReadableStream;

const isOccupied = (error: unknown): boolean =>
  nameOf(error) === "BlobAlreadyExists" || statusOf(error) === 412;

/** Blocks of an upload of its own, one after another, so that memory does not grow with the blob. */
async function putBlocks(
  container: Container,
  { key, payload }: NewObject,
  limits: PutLimits,
  signal: AbortSignal,
): Promise<string[]> {
  const upload = uploadId(randomBytes(uploadTokenLength), payload.contentType ?? "");
  const size = Math.max(limits.blockSize, Math.ceil(payload.size / mostBlocks));
  const ids: string[] = [];
  await using slices = openSlices(payload);
  for await (const { length, md5 } of sliceDigests(payload, size, signal)) {
    const name = { upload, number: ids.length + 1, edition: 0, md5 };
    const bytes = slices.next(length);
    ids.push(await sendBlock(container, { key, name, size: length, bytes }, signal));
  }
  return ids;
}
