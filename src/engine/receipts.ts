import { receiptName } from "../domain/part.ts";
import type { Destination } from "../domain/ports/destination.ts";
import type { Receipt } from "../domain/receipt.ts";

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
  const { parseDocument } = await import("./document.ts");
  return parseDocument(Receipt, bytes, subject);
}

/** As it stands in the destination. */
export function receiptBytes(receipt: Receipt): Uint8Array {
  return Buffer.from(`${JSON.stringify(receipt)}\n`);
}
