/** Ends an upload: composes the object of its parts and removes them, or only removes them. */
import { LongshoreError } from "../../../domain/errors.ts";
import type { PartFacts } from "../../../domain/ports/object-store.ts";
import { checkedSum, composeObject, joinedPieces, type Piece } from "./joining.ts";
import { findObject, listNames } from "./listing.ts";
import { begunName, keyOfName, partName, uploadFolder, type UploadObjects } from "./names.ts";
import type { GcsObject } from "./objects.ts";
import { joinedSum, notesOf, proofOf } from "./proof.ts";
import { removeObjects } from "./removing.ts";
import type { Bucket } from "./sending.ts";

/** `MultipartUploads.complete`. A repetition after a cut finds what was done. */
export async function completeUpload(
  bucket: Bucket,
  upload: UploadObjects,
  parts: readonly PartFacts[],
  signal: AbortSignal,
): Promise<{ readonly etag: string } | "refused"> {
  const found = new Map<string, GcsObject>();
  for await (const object of listNames(bucket, uploadFolder(upload), signal)) found.set(object.name, object);
  const begun = found.get(begunName(upload));
  if (begun === undefined) throw uploadLost(bucket, upload);
  const pieces = namedPieces(bucket, upload, parts, found);
  if (pieces === undefined) return "refused";
  const made =
    (await madeBefore(bucket, upload, parts, signal)) ??
    (await makeObject(bucket, { upload, parts, pieces, found, contentType: begun.contentType }, signal));
  // The sum that the store says is one that it has made itself, of all bytes of the object.
  checkedSum(bucket, made, joinedSum(pieces));
  await removeUpload(bucket, upload, signal);
  return { etag: made.generation };
}

/** The stored parts that are named, in order; undefined where one is not there as it is said to be. */
function namedPieces(
  bucket: Bucket,
  upload: UploadObjects,
  parts: readonly PartFacts[],
  found: ReadonlyMap<string, GcsObject>,
): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const part of parts) {
    const object = found.get(partName(upload, part.number));
    if (object?.crc32c === undefined) return undefined;
    const { size, etag } = partFacts(bucket, object, part.number);
    if (size !== part.size || etag !== part.etag) return undefined;
    pieces.push({ name: object.name, generation: object.generation, size, crc32c: object.crc32c });
  }
  return pieces.length === 0 ? undefined : pieces;
}

async function madeBefore(
  bucket: Bucket,
  { name }: UploadObjects,
  parts: readonly PartFacts[],
  signal: AbortSignal,
): Promise<GcsObject | undefined> {
  const object = await findObject(bucket, name, signal);
  return object !== undefined && proofOf(object, parts) === "proven" ? object : undefined;
}

interface Making {
  readonly upload: UploadObjects;
  readonly parts: readonly PartFacts[];
  readonly pieces: readonly Piece[];
  readonly found: ReadonlyMap<string, GcsObject>;
  readonly contentType: string | undefined;
}

/** The object takes the place of what stands there now, and of nothing that may come until then. */
async function makeObject(bucket: Bucket, making: Making, signal: AbortSignal): Promise<GcsObject> {
  const { upload, parts, contentType } = making;
  const before = await findObject(bucket, upload.name, signal);
  const pieces = await joinedPieces(bucket, upload, making, signal);
  const resource = { contentType, metadata: notesOf(upload.id, parts, joinedSum(making.pieces)) };
  const target = { name: upload.name, resource, ifGenerationMatch: before?.generation ?? "0" };
  const made = await composeObject(bucket, target, pieces, signal);
  if (made !== undefined) return made;
  throw new LongshoreError(
    "StoreFailed",
    `${bucket.displayed} got another object there in the meantime (at ${keyOfName(upload.name)})`,
  );
}

/** First what says that it goes on, so that whoever sends a part just now takes that one back. */
export async function removeUpload(
  bucket: Bucket,
  upload: UploadObjects,
  signal: AbortSignal,
): Promise<void> {
  await removeObjects(bucket, [{ name: begunName(upload) }], signal);
  let objects: GcsObject[] = [];
  for await (const object of listNames(bucket, uploadFolder(upload), signal)) {
    objects.push(object);
    if (objects.length < removedAtOnce) continue;
    await removeObjects(bucket, objects, signal);
    objects = [];
  }
  await removeObjects(bucket, objects, signal);
}

/** Objects that are removed before more are looked for. */
const removedAtOnce = 1000;

/** A part's tag is its MD5, which the store makes of what it was sent; no part was composed, so every one has it. */
export function partFacts({ displayed }: Bucket, { name, size, md5 }: GcsObject, number: number): PartFacts {
  if (md5 !== undefined) return { number, size, etag: md5 };
  throw new LongshoreError(
    "StoreUnsupported",
    `${displayed} does not say the MD5 of what it stores (at ${keyOfName(name)})`,
    { hint: "use a bucket whose objects are not encrypted with keys that requests have to bring" },
  );
}

export function uploadLost({ displayed }: Bucket, { name }: UploadObjects): LongshoreError {
  return new LongshoreError(
    "UploadLost",
    `${displayed} no longer has the upload that was begun (at ${keyOfName(name)})`,
  );
}
