/** Makes the last part, which ends the archive, and its receipt. */
import { LongshoreError } from "../../domain/errors.ts";
import type { ManifestPart } from "../../domain/manifest.ts";
import { partName, receiptName } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { ArchiveFormat, EncodedPart, TailEncoder } from "../../domain/ports/format.ts";
import type { FileDigest, Receipt } from "../../domain/receipt.ts";
import { sha256 } from "../digest.ts";
import { receiptBytes } from "../receipts.ts";
import { createJoinedObject, type JoinedObject } from "./joined-object.ts";
import { manifestPart } from "./join-records.ts";

/** A tail encoder whose bytes go to an object of the destination. */
export interface TailWriter extends AsyncDisposable {
  readonly encoder: TailEncoder;
  readonly output: JoinedObject;
}

export async function openTail(
  destination: Destination,
  format: ArchiveFormat,
  level: number,
  signal: AbortSignal,
): Promise<TailWriter> {
  const output = await createJoinedObject(destination, "tail", signal);
  const encoder = format.createTailEncoder({ level, sink: (bytes) => output.write(bytes) });
  return { encoder, output, [Symbol.asyncDispose]: () => output[Symbol.asyncDispose]() };
}

export interface TailPlace {
  readonly destination: Destination;
  readonly format: ArchiveFormat;
  readonly number: number;
  /** Of the parts before it. */
  readonly keys: readonly string[];
  /** ISO 8601. */
  readonly now: string;
}

export async function finishTail(
  tail: TailWriter,
  place: TailPlace,
  signal: AbortSignal,
): Promise<{ part: ManifestPart; receipt: FileDigest }> {
  const { destination, format, number, now } = place;
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
    index: { fragment: { object: "index.jsonl.zst", size: 0, sha256: sha256("") }, lines: 0, pages: [] },
    attempt: 1,
    adopted: false,
    reused: false,
    startedAt: now,
    finishedAt: now,
  };
  const bytes = receiptBytes(receipt);
  const object = receiptName(number);
  await destination.put(object, bytes, signal);
  if ((await destination.size(receipt.object, signal)) !== receipt.size) {
    throw new LongshoreError(
      "DestinationFailed",
      `${receipt.object} is not as it was written in ${destination.location}`,
    );
  }
  return {
    part: { ...manifestPart(receipt), tail: true },
    receipt: { object, size: bytes.length, sha256: sha256(bytes) },
  };
}
