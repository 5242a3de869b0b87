/** Opens a finished export: reads its manifest and nothing else. */
import { manifestName, planName, requestName } from "../../domain/record-names.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { Manifest, type ManifestPart } from "../../domain/manifest.ts";
import { receiptName } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { FilesFormat, StoredFormat, StreamFormat } from "../../domain/ports/format.ts";
import { Receipt } from "../../domain/receipt.ts";
import { sha256 } from "../digest.ts";
import { parseDocument } from "../document.ts";
import { partsAsObjects, withPartObjects } from "./archive-parts.ts";
import { readDocument, readRecord } from "./document.ts";

/** What reading needs of a format. */
export type ReadingFormat = ReadingStreamFormat | ReadingStoredFormat | Pick<FilesFormat, "layout">;
export type ReadingStreamFormat = Pick<StreamFormat, "layout" | "extension" | "offsets" | "decodeFrame">;
export type ReadingStoredFormat = Pick<StoredFormat, "layout" | "extension" | "offsets" | "decodeEntry">;

export interface OpenManifest {
  /** Parts that are pieces of one object have names of their own here, by which `destination` knows them. */
  readonly manifest: Manifest;
  readonly manifestSha256: string;
  /** The manifest as it was parsed, keys in the order of the file: what its contentDigest is made of. */
  readonly rawManifest: Readonly<Record<string, unknown>>;
  readonly parts: ReadonlyMap<number, ManifestPart>;
}

export interface OpenExport extends OpenManifest {
  readonly destination: Destination;
}

/** Throws NotAnExport, NotFinished, NewerFormat or Damaged, which names the field. */
export async function openExport(destination: Destination, signal: AbortSignal): Promise<OpenExport> {
  const bytes = await readRecord(destination, manifestName, signal);
  if (bytes === undefined) throw await whyNoManifest(destination, signal);
  const opened = parseManifest(bytes, `${manifestName} in ${destination.location}`);
  return { destination: withPartObjects(destination, opened.manifest), ...opened };
}

/** Throws NewerFormat or Damaged; `subject` names the document. */
export function parseManifest(bytes: Uint8Array, subject: string): OpenManifest {
  const manifest = partsAsObjects(parseDocument(Manifest, bytes, subject));
  const rawManifest = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown>;
  const parts = new Map<number, ManifestPart>();
  for (const [i, part] of manifest.parts.entries()) {
    if (parts.has(part.number))
      throw new LongshoreError(
        "Damaged",
        `${subject} is not as it must be: parts.${i}.number is there twice`,
      );
    parts.set(part.number, part);
  }
  return { manifest, manifestSha256: sha256(bytes), rawManifest, parts };
}

/** The receipt of a part, checked against the digest that the manifest has of it. */
export async function provenReceipt(opened: OpenExport, part: number, signal: AbortSignal): Promise<Receipt> {
  const name = receiptName(part);
  const expected = opened.manifest.run.files.find((file) => file.object === name);
  return readDocument(opened.destination, { name, schema: Receipt, expected }, signal);
}

async function whyNoManifest(destination: Destination, signal: AbortSignal): Promise<LongshoreError> {
  for (const name of [planName, requestName]) {
    if ((await destination.size(name, signal)) === undefined) continue;
    return new LongshoreError("NotFinished", `The export ${destination.location} is not finished`);
  }
  return new LongshoreError(
    "NotAnExport",
    `${destination.location} holds no export (there is no ${manifestName})`,
  );
}
