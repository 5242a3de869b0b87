/**
 * Uploads of one object by parts. Google's JSON API has none, so parts are objects of their own below the object's name, which
 * no list of ours shows, and the object is composed of them.
 */
import { randomUUID } from "node:crypto";
import type {
  MultipartUploads,
  PartFacts,
  PartPage,
  PartPlace,
  Payload,
  UploadPlace,
} from "../../../domain/ports/object-store.ts";
import { hasCode } from "../../../domain/errors.ts";
import { completeUpload, partFacts, removeUpload, uploadLost } from "./completing.ts";
import { isConditionFailed } from "./errors.ts";
import { findObject, listNames, listPage } from "./listing.ts";
import {
  begunName,
  checkName,
  joinName,
  keyOfName,
  nameOfKey,
  partName,
  partNumberOf,
  partPrefix,
  uploadOf,
  type UploadObjects,
} from "./names.ts";
import type { GcsObject } from "./objects.ts";
import { proofOf, uploadIdOf } from "./proof.ts";
import { removeObjects } from "./removing.ts";
import type { Bucket } from "./sending.ts";
import { insertObject } from "./upload.ts";

/** Of our own: what composes 32 at once needs no limit, but names have five digits. */
const mostParts = 10_000;
const empty: Payload = {
  size: 0,
  sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  open: () => new Uint8Array(0),
};

export function multipartUploads(bucket: Bucket): MultipartUploads {
  const unsure = new Set<string>();
  const objectsOf = ({ key, id }: UploadPlace): UploadObjects => ({ name: nameOfKey(key), id });
  return {
    smallestPart: 0,
    mostParts,
    begin: async (key, contentType, signal) => {
      const upload = objectsOf({ key, id: randomUUID().replaceAll("-", "") });
      // The longest of its names, so that none can be found too long later.
      checkName(joinName(upload, "0".repeat(32)));
      const payload = { ...empty, contentType };
      await insertObject(bucket, { name: begunName(upload), key, payload, ifGenerationMatch: "0" }, signal);
      return upload.id;
    },
    put: (part, payload, signal) =>
      putPart(bucket, { ...part, upload: objectsOf(part), unsure }, payload, signal),
    list: async (upload, after, signal) => {
      const page = await listParts(bucket, objectsOf(upload), after, signal);
      await checkBegun(bucket, objectsOf(upload), signal);
      return page;
    },
    complete: async (upload, parts, signal) => completeUpload(bucket, objectsOf(upload), parts, signal),
    madeOf: (key, parts, signal) => madeOf(bucket, nameOfKey(key), parts, signal),
    abort: async (upload, signal) => removeUpload(bucket, objectsOf(upload), signal),
    uploads: async (prefix, signal) => {
      const found = new Map<string, UploadPlace>();
      for await (const { name } of listNames(bucket, nameOfKey(prefix), signal)) {
        const upload = uploadOf(name);
        const key = upload === undefined ? "" : keyOfName(upload.name);
        if (upload !== undefined && key.startsWith(prefix))
          found.set(`${upload.id} ${key}`, { key, id: upload.id });
      }
      return [...found.values()];
    },
  };
}

interface PlacedPart extends PartPlace {
  readonly upload: UploadObjects;
  /** Names of parts that were sent, and nobody knows whether they arrived. */
  readonly unsure: Set<string>;
}

/**
 * That the upload goes on is asked after the part is there: an abort first ends the upload and then removes what it finds, so
 * one of the two sees the other.
 */
async function putPart(
  bucket: Bucket,
  { upload, number, key, unsure }: PlacedPart,
  payload: Payload,
  signal: AbortSignal,
): Promise<PartFacts> {
  const name = partName(upload, number);
  const stored = await storePart(bucket, { name, key, payload, isUnsure: unsure.delete(name) }, signal).catch(
    (error: unknown) => {
      unsure.add(name);
      throw error;
    },
  );
  await checkBegun(bucket, upload, signal).catch(async (error: unknown) => {
    unsure.add(name);
    if (hasCode(error, "UploadLost")) await removeObjects(bucket, [stored], signal);
    throw error;
  });
  return partFacts(bucket, stored, number);
}

interface SentPart {
  readonly name: string;
  readonly key: string;
  readonly payload: Payload;
  /** Whether it may be there because of a call that nobody knows the end of. */
  readonly isUnsure: boolean;
}

/** What may be there already is looked for before it is sent again. */
async function storePart(
  bucket: Bucket,
  { name, key, payload, isUnsure }: SentPart,
  signal: AbortSignal,
): Promise<GcsObject> {
  const metadata = { [sha256Tag]: payload.sha256 };
  const isSame = (found: GcsObject): boolean =>
    found.metadata[sha256Tag] === payload.sha256 && found.size === payload.size;
  const before = isUnsure ? await findObject(bucket, name, signal) : undefined;
  if (before !== undefined && isSame(before)) return before;
  const part = { name, key, payload, metadata };
  const rescue = async (error: unknown): Promise<GcsObject> => {
    if (!isConditionFailed(error)) throw error;
    const found = await findObject(bucket, name, signal);
    if (found === undefined) throw error;
    if (isSame(found)) return found;
    return insertObject(bucket, { ...part, ifGenerationMatch: found.generation }, signal);
  };
  return insertObject(bucket, { ...part, ifGenerationMatch: before?.generation ?? "0", rescue }, signal);
}

/** The digest of what was sent, by which it is known again. */
const sha256Tag = "longshore-sha256";

/** Throws UploadLost. */
async function checkBegun(bucket: Bucket, upload: UploadObjects, signal: AbortSignal): Promise<void> {
  if ((await findObject(bucket, begunName(upload), signal)) === undefined) throw uploadLost(bucket, upload);
}

async function listParts(
  bucket: Bucket,
  upload: UploadObjects,
  after: number,
  signal: AbortSignal,
): Promise<PartPage> {
  const prefix = partPrefix(upload);
  const wanted = { prefix, startOffset: partName(upload, after + 1), pageToken: undefined, most: 1000 };
  const { objects, pageToken } = await listPage(bucket, wanted, signal);
  const parts = objects.map((object) => partFacts(bucket, object, partNumberOf(object.name)));
  return { parts, isLast: pageToken === undefined };
}

/** Parts of a completed upload that could not be removed when it was completed are removed now. */
async function madeOf(
  bucket: Bucket,
  name: string,
  parts: readonly PartFacts[],
  signal: AbortSignal,
): Promise<{ readonly etag: string; readonly isProven: boolean } | undefined> {
  const found = await findObject(bucket, name, signal);
  const proof = found === undefined ? undefined : proofOf(found, parts);
  if (found === undefined || proof === undefined) return undefined;
  const id = uploadIdOf(found);
  if (proof === "proven" && id !== undefined) await removeUpload(bucket, { name, id }, signal);
  return { etag: found.generation, isProven: proof === "proven" };
}
