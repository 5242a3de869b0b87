/** Takes a part over from an earlier export whose key is equal, after hashing the old bytes. */
import { indexName } from "../../domain/record-names.ts";
import { undefinedIf } from "../../domain/errors.ts";
import { createHash } from "node:crypto";
import type { ReusablePart } from "../../domain/pack-task.ts";
import {
  archiveObject,
  indexFragmentName,
  isObjectName,
  number8,
  type PlannedPart,
} from "../../domain/part.ts";
import type { Destination, ObjectWriter } from "../../domain/ports/destination.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { readReceipt } from "../receipts.ts";
import type { PackContext } from "./context.ts";
import { holdsObject } from "./holds-object.ts";
import { sentPart } from "./part-output.ts";
import { transferPart, type TransferredPart } from "./transfer-part.ts";

/** The receipt to write, or undefined where the old part may not be trusted or is not there any more. */
export async function reusePart(
  context: PackContext,
  part: PlannedPart,
  reusable: ReusablePart,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  const { format, clock } = context;
  if (format.layout === "files") return undefined;
  const startedAt = new Date(clock.now()).toISOString();
  const previous = await context.openDestination(reusable.location);
  const old = await readReceipt(previous, reusable.number, signal).catch(undefinedIf("Damaged"));
  if (old === undefined || old.key !== part.key || !old.settled || old.differences.count > 0)
    return undefined;
  const fragment = await copyIndexLines(
    previous,
    reusable,
    { context, part, expected: old.index.fragment.sha256 },
    signal,
  ).catch(undefinedIf("Damaged"));
  if (fragment === undefined) return undefined;
  const stored = await takeStored(context, part, { previous, old, stored: reusable.stored }, signal);
  if (stored === undefined) return undefined;
  const { sent: _sent, ...proved } = old;
  return {
    ...proved,
    ...stored,
    number: part.number,
    settled: part.settled,
    index: { ...old.index, fragment },
    attempt: 0,
    adopted: false,
    reused: true,
    startedAt,
    finishedAt: new Date(clock.now()).toISOString(),
  };
}

type TakenPart = Pick<Receipt, "object" | "size" | "sha256" | "sent" | "frames">;

/** Lets the store copy an object, or a piece of one, where it can; else the bytes go through us. */
async function takeStored(
  context: PackContext,
  part: PlannedPart,
  transferred: TransferredPart,
  signal: AbortSignal,
): Promise<TakenPart | undefined> {
  const { destination, upload } = context;
  const { previous, old } = transferred;
  if (upload !== undefined)
    return (
      (await copyIntoUpload(context, part.number, transferred, signal)) ??
      transferPart(context, part, transferred, signal)
    );
  if (!isObjectName(old.object)) return transferPart(context, part, transferred, signal);
  const { size, sha256, frames } = old;
  if (!(await holdsObject(previous, { object: old.object, size, sha256 }, signal))) return undefined;
  if (destination.copyFrom === undefined) return undefined;
  const object = old.object.replace(/(?<=^parts\/)\d{8}/, number8(part.number));
  if (await destination.copyFrom(previous, old.object, object, signal))
    return { object, size, sha256, frames };
  return transferPart(context, part, transferred, signal);
}

/**
 * Undefined where the store can't, the part is too small for it, or nothing that the store says of the copy shows that it has
 * the bytes that the old receipt vouches for: their SHA-256, or else their MD5 as the store's tag.
 */
async function copyIntoUpload(
  { destination, upload }: PackContext,
  number: number,
  { previous, old, stored }: TransferredPart,
  signal: AbortSignal,
): Promise<TakenPart | undefined> {
  const { size, sha256, frames, sent } = old;
  if (upload === undefined || sent === undefined || size < (destination.archives?.smallestPart ?? 0))
    return undefined;
  const from = { destination: previous, object: stored.object, offset: stored.offset, length: size };
  const copied = await destination.copyPart?.(from, { upload, number }, signal);
  if (copied === undefined) return undefined;
  const isProved = copied.sha256 === undefined ? copied.etag === sent.md5 : copied.sha256 === sha256;
  if (!isProved) return undefined;
  const taken = sentPart({ upload: upload.id, etag: copied.etag, md5: sent.md5 }, copied);
  return { object: archiveObject, size, sha256, sent: taken, frames };
}

/** The part's lines are one range of the old index; undefined where they are not what the old receipt says. */
async function copyIndexLines(
  previous: Destination,
  reusable: ReusablePart,
  into: { context: PackContext; part: PlannedPart; expected: string },
  signal: AbortSignal,
): Promise<Receipt["index"]["fragment"] | undefined> {
  const { context, part, expected } = into;
  await using writer: ObjectWriter = await context.destination.create(
    `tmp/${number8(part.number)}.${context.newId()}`,
    signal,
  );
  const hash = createHash("sha256");
  const range = { offset: reusable.indexOffset, length: reusable.indexSize };
  for await (const chunk of previous.read(indexName, range, signal)) {
    hash.update(chunk);
    writer.write(chunk);
  }
  const sha256 = hash.digest("hex");
  if (sha256 !== expected) return undefined;
  const object = indexFragmentName(part.number, sha256);
  await writer.commit(object);
  await writer.flush();
  return { object, size: reusable.indexSize, sha256 };
}
