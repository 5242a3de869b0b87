/** Block lists: one blob out of blocks that come from anywhere, in any order. */
import { randomBytes } from "node:crypto";
import { LongshoreError } from "../../../domain/errors.ts";
import type {
  MultipartUploads,
  PartFacts,
  PartPlace,
  Payload,
  UploadPlace,
} from "../../../domain/ports/object-store.ts";
import { blockId, contentTypeOf, uploadId, uploadTokenLength } from "./block-ids.ts";
import { type Block, latestBlocks, readBlocks, wasMadeBy } from "./block-list.ts";
import { ask, blobOf, type Container, send } from "./container.ts";
import { KnownParts } from "./known-parts.ts";
import { madeOf } from "./made-of.ts";
import { nameOf } from "./errors.ts";
import type { NameGuard } from "./names.ts";
import { md5Of } from "./payload-bytes.ts";
import { mostBlocks } from "./put.ts";
import { abandonUploads, listUploads } from "./uncommitted.ts";

/** Azure takes blocks of any size but none, which no part has. */
const smallestPart = 0;

/**
 * Nothing is stored when an upload begins, and blocks belong to the name of a blob, not to an upload: what an upload has is
 * what its ids are found in. Its end is seen by its ids in the blob that stands.
 */
export function blockUploads(container: Container, names: NameGuard): MultipartUploads {
  const known = new KnownParts(container);
  const abandon = abandonUploads(container);
  return {
    smallestPart,
    mostParts: mostBlocks,
    begin: (key, contentType, signal) => {
      const id = uploadId(randomBytes(uploadTokenLength), contentType);
      return names.write(key, () => Promise.resolve(id), signal);
    },
    put: (part, payload, signal) => putPart(container, known, { part, payload }, signal),
    list: async ({ key, id }, after, signal) => {
      const found = await readBlocks(container, key, signal);
      if (found === undefined) return { parts: [], isLast: true };
      if (wasMadeBy(found, id)) throw lost(container, key);
      const parts = [...latestBlocks(found, id).values()].map(partFacts);
      const wanted = parts.filter(({ number }) => number > after);
      return { parts: wanted.toSorted((a, b) => a.number - b.number), isLast: true };
    },
    complete: async (upload, parts, signal) => {
      const completed = await complete(container, upload, parts, signal);
      known.forget(upload);
      return completed;
    },
    madeOf: (key, parts, signal) => madeOf(container, { key, parts }, signal),
    abort: async (upload, signal) => {
      known.forget(upload);
      await abandon(upload, signal);
    },
    uploads: (prefix, signal) => listUploads(container, prefix, signal),
  };
}

const lost = ({ displayed }: Container, key: string): LongshoreError =>
  new LongshoreError("UploadLost", `${displayed} no longer knows the upload that was begun (at ${key})`);

const partFacts = ({
  size,
  name: { number, md5 },
}: Block & { name: { number: number; md5: string } }): PartFacts => ({
  number,
  size,
  etag: md5,
});

async function putPart(
  container: Container,
  known: KnownParts,
  { part, payload }: { part: PartPlace; payload: Payload },
  signal: AbortSignal,
): Promise<PartFacts> {
  const { key, id: upload, number } = part;
  const md5 = await md5Of(payload, signal);
  const edition = await known.editionOf(part, md5, signal);
  if (edition === undefined) throw lost(container, key);
  const id = blockId({ upload, number, edition, md5 });
  await send(
    container,
    {
      operation: "Put Block",
      key,
      bytes: payload.open(),
      run: (body, options) => {
        const transactionalContentMD5 = Buffer.from(md5, "hex");
        const settings = { ...options, transactionalContentMD5 };
        return blobOf(container, key).stageBlock(id, body, payload.size, settings);
      },
    },
    signal,
  );
  return { number, size: payload.size, etag: md5 };
}

async function complete(
  container: Container,
  { key, id }: UploadPlace,
  parts: readonly PartFacts[],
  signal: AbortSignal,
): Promise<{ readonly etag: string } | "refused"> {
  const found = await readBlocks(container, key, signal);
  if (found !== undefined && wasMadeBy(found, id)) throw lost(container, key);
  const ours = new Map<string, string>();
  for (const { id: block, size, name } of found?.uncommitted ?? [])
    if (name?.upload === id) ours.set(`${name.number} ${size} ${name.md5}`, block);
  const ids = parts.map(({ number, size, etag }) => ours.get(`${number} ${size} ${etag}`));
  if (!ids.every((block) => block !== undefined)) return "refused";
  const settings = { ...container.newBlob, blobHTTPHeaders: { blobContentType: contentTypeOf(id) } };
  return ask<{ readonly etag: string } | "refused">(
    container,
    {
      operation: "Put Block List",
      key,
      run: async (options) => {
        const { etag } = await blobOf(container, key).commitBlockList(ids, { ...settings, ...options });
        return { etag: (etag ?? "").replaceAll('"', "") };
      },
    },
    signal,
    (error) => {
      // Somebody committed the same name in between.
      if (nameOf(error) === "InvalidBlockList") return "refused";
      throw error;
    },
  );
}
