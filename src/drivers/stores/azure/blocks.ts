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
import { contentTypeOf, uploadId, uploadTokenLength } from "./block-ids.ts";
import { type NamedBlock, readBlocks, signs, uploadIn } from "./block-list.ts";
import { ask, blobOf, type Container } from "./container.ts";
import { nameOf } from "./errors.ts";
import { KnownParts } from "./known-parts.ts";
import { madeOf } from "./made-of.ts";
import type { NameGuard } from "./names.ts";
import { md5Of } from "./payload-bytes.ts";
import { mostBlocks } from "./put.ts";
import { sendBlock, sendSign } from "./send-block.ts";
import { abandon, listUploads } from "./uncommitted.ts";

/** Azure takes blocks of any size but none, which no part has. */
const smallestPart = 0;

/**
 * Azure knows no uploads, only blocks that belong to the name of a blob: an upload is what the ids of blocks say. A small block
 * says that one has begun, and is there as long as it is neither completed nor aborted, for what is committed is taken away.
 */
export function blockUploads(container: Container, names: NameGuard): MultipartUploads {
  const known = new KnownParts(container);
  return {
    smallestPart,
    // One is the sign of the begin, though Azure counts only what is committed.
    mostParts: mostBlocks - 1,
    begin: async (key, contentType, signal) => {
      await names.check(key, signal);
      const id = uploadId(randomBytes(uploadTokenLength), contentType);
      await sendSign(container, { key, id }, signs.begun, signal);
      return id;
    },
    put: (part, payload, signal) => putPart(container, known, { part, payload }, signal),
    list: async ({ key, id }, after, signal) => {
      const { parts } = await openUpload(container, { key, id }, signal);
      const wanted = [...parts.values()].map(partFacts).filter(({ number }) => number > after);
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
      await abandon(container, upload, signal);
    },
    uploads: (prefix, signal) => listUploads(container, prefix, signal),
  };
}

const lost = ({ displayed }: Container, key: string): LongshoreError =>
  new LongshoreError("UploadLost", `${displayed} no longer knows the upload that was begun (at ${key})`);

const partFacts = ({ size, name: { number, md5 } }: NamedBlock): PartFacts => ({ number, size, etag: md5 });

/** Throws UploadLost. */
async function openUpload(
  container: Container,
  { key, id }: UploadPlace,
  signal: AbortSignal,
): Promise<{ readonly parts: ReadonlyMap<number, NamedBlock> }> {
  const found = await readBlocks(container, key, signal);
  const upload = found === undefined ? undefined : uploadIn(found, id);
  if (upload?.isOpen !== true) throw lost(container, key);
  return upload;
}

async function putPart(
  container: Container,
  known: KnownParts,
  { part, payload }: { part: PartPlace; payload: Payload },
  signal: AbortSignal,
): Promise<PartFacts> {
  const { key, id: upload, number } = part;
  const { size } = payload;
  const md5 = await md5Of(payload, signal);
  const edition = await known.editionOf(part, md5, signal);
  if (edition === undefined) throw lost(container, key);
  const name = { upload, number, edition, md5 };
  await sendBlock(container, { key, name, size, bytes: payload.open() }, signal);
  return { number, size, etag: md5 };
}

async function complete(
  container: Container,
  { key, id }: UploadPlace,
  parts: readonly PartFacts[],
  signal: AbortSignal,
): Promise<{ readonly etag: string } | "refused"> {
  const found = await openUpload(container, { key, id }, signal);
  const ids: string[] = [];
  for (const { number, size, etag } of parts) {
    const block = found.parts.get(number);
    if (block?.size !== size || block.name.md5 !== etag) return "refused";
    ids.push(block.id);
  }
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
      rescue: (error) => {
        // Somebody committed the same name in between.
        if (nameOf(error) === "InvalidBlockList") return "refused";
        throw error;
      },
    },
    signal,
  );
}
