/** The receipts of parts: how they are read and written, and what they vouch for. */
import { isObjectName, receiptName } from "../domain/part.ts";
import type { ArchiveUpload } from "../domain/ports/archive-uploads.ts";
import type { Destination } from "../domain/ports/destination.ts";
import type { FileDigest, Receipt } from "../domain/receipt.ts";
import { parseDocument } from "./document.ts";

/** The receipt of a part, or undefined where there is none. Throws Damaged where it is not one. */
export async function readReceipt(
  destination: Destination,
  number: number,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  const name = receiptName(number);
  const bytes = await destination.get(name, signal);
  return bytes === undefined ? undefined : parseReceipt(bytes, `${name} in ${destination.location}`);
}

/** Throws Damaged, naming `subject` and the field. */
export async function parseReceipt(bytes: Uint8Array, subject: string): Promise<Receipt> {
  const { Receipt } = await import("../domain/receipt.ts");
  return parseDocument(Receipt, bytes, subject);
}

/** As it stands in the destination. */
export function receiptBytes(receipt: Receipt): Uint8Array {
  return Buffer.from(`${JSON.stringify(receipt)}\n`);
}

/** Whether the part that a receipt speaks of is where this run keeps its parts. */
export function isOfUpload(receipt: Pick<Receipt, "sent">, upload: ArchiveUpload | undefined): boolean {
  return receipt.sent?.upload === upload?.id;
}

/** Everything that a receipt vouches for and that has a name of its own. */
export function vouchedObjects(receipt: {
  object: string;
  size: number;
  sha256: string;
  index: { fragment: FileDigest };
  differences: { fragment?: FileDigest | undefined };
}): FileDigest[] {
  const { object, size, sha256, index, differences } = receipt;
  const part = isObjectName(object) ? [{ object, size, sha256 }] : [];
  const fragment = differences.fragment === undefined ? [] : [differences.fragment];
  return [...part, index.fragment, ...fragment];
}
