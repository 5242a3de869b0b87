/** Makes the last part, which ends the archive, and its receipt. */
import { indexName } from "../../domain/record-names.ts";
import { LongshoreError, undefinedIf } from "../../domain/errors.ts";
import type { ManifestPart } from "../../domain/manifest.ts";
import { archiveObject, isObjectName, partName, receiptName } from "../../domain/part.ts";
import type { ArchiveUpload, ArchiveUploads, StoredPart } from "../../domain/ports/archive-uploads.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { ArchiveFormat, EncodedPart, TailEncoder } from "../../domain/ports/format.ts";
import type { FileDigest, Receipt, SentPart } from "../../domain/receipt.ts";
import { sha256 } from "../digest.ts";
import { receiptBytes } from "../receipts.ts";
import { sentPart } from "../packing/part-output.ts";
import { createJoinedObject } from "./joined-object.ts";
import { manifestPart, storedPart } from "./join-records.ts";

/** A tail encoder whose bytes go to an object of the destination, or into the upload of the archive. */
export interface TailWriter extends AsyncDisposable {
  readonly encoder: TailEncoder;
  readonly output: TailOutput;
}

export interface OpenedTail {
  readonly destination: Destination;
  readonly upload: ArchiveUpload | undefined;
  readonly number: number;
  readonly format: ArchiveFormat;
  readonly level: number;
}

export async function openTail(tail: OpenedTail, signal: AbortSignal): Promise<TailWriter> {
  const { destination, upload, number, format, level } = tail;
  const { archives } = destination;
  const output: TailOutput =
    upload === undefined || archives === undefined
      ? await createJoinedObject(destination, "tail", signal)
      : await createSentTail(archives, upload, number, signal);
  const encoder = format.createTailEncoder({ level, sink: (bytes) => output.write(bytes) });
  return { encoder, output, [Symbol.asyncDispose]: () => output[Symbol.asyncDispose]() };
}

interface TailOutput extends AsyncDisposable {
  write(bytes: Uint8Array): void;
  commit(name: (sha256: string) => string): Promise<FileDigest & { readonly sent?: SentPart }>;
}

/** An upload that is gone may have been completed before: then the tail is what it was, and the completion finds out. */
async function createSentTail(
  archives: ArchiveUploads,
  upload: ArchiveUpload,
  number: number,
  signal: AbortSignal,
): Promise<TailOutput> {
  const writer = await archives.createPart(upload, { number, md5: true }, signal);
  return {
    write: (bytes) => writer.write(bytes),
    commit: async () => {
      const { size, sha256, md5 } = writer.finish();
      const unsent: SentPart = { upload: upload.id, md5, etag: md5 };
      const stored = await writer.send().catch(undefinedIf("UploadLost"));
      const sent = stored === undefined ? unsent : sentPart(unsent, stored);
      return { object: archiveObject, size, sha256, sent };
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

export interface TailPlace {
  readonly destination: Destination;
  readonly format: ArchiveFormat;
  readonly number: number;
  /** Of the parts before it. */
  readonly keys: readonly string[];
  /** Bytes of the archive before it. */
  readonly offset: number;
  /** ISO 8601. The times of the tail are that of its request, so that its receipt is the same whoever planned and makes it. */
  readonly startedAt: string;
}

export interface Tail {
  readonly part: ManifestPart;
  readonly receipt: FileDigest;
  /** What the store said of it, where it was sent into an upload. */
  readonly stored?: StoredPart;
}

export async function finishTail(tail: TailWriter, place: TailPlace, signal: AbortSignal): Promise<Tail> {
  const { destination, format, number, startedAt } = place;
  const encoded: EncodedPart = tail.encoder.finish();
  const written = await tail.output.commit((digest) => partName(number, digest, format.extension));
  const receipt: Receipt = {
    formatVersion: 1,
    number,
    key: sha256(`longshore tail 1\n${format.name}\n${place.keys.join("\n")}\n`),
    ...written,
    uncompressedSize: encoded.uncompressedSize,
    startsInside: false,
    endsInside: false,
    settled: true,
    counts: { entries: 0, files: 0, content: 0 },
    differences: { count: 0 },
    frames: encoded.frames.map(([stored, uncompressed]) => [stored, uncompressed]),
    index: { fragment: { object: indexName, size: 0, sha256: sha256("") }, lines: 0, pages: [] },
    attempt: 1,
    adopted: false,
    reused: false,
    startedAt,
    finishedAt: startedAt,
  };
  const bytes = receiptBytes(receipt);
  const object = receiptName(number);
  await destination.put(object, bytes, signal);
  if (isObjectName(receipt.object) && (await destination.size(receipt.object, signal)) !== receipt.size) {
    throw new LongshoreError(
      "DestinationFailed",
      `${receipt.object} is not as it was written in ${destination.location}`,
    );
  }
  return {
    part: { ...manifestPart(receipt, place.offset), tail: true },
    ...(receipt.sent === undefined ? undefined : { stored: storedPart(receipt, receipt.sent) }),
    receipt: { object, size: bytes.length, sha256: sha256(bytes) },
  };
}
