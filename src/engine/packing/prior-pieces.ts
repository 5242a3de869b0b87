/** What the parts before one have of a split file. */
import { crc32Combine } from "../../domain/crc32-combine.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { readReceipt } from "../receipts.ts";

/** CRC-32 and stored bytes of all pieces of a split file before part `number`, from the receipts of their parts. */
export async function priorPieces(
  destination: Destination,
  number: number,
  signal: AbortSignal,
): Promise<{ crc32: number; storedSize: number }> {
  const receipt = await readReceipt(destination, number - 1, signal);
  if (receipt?.piece === undefined) {
    throw new LongshoreError(
      "WorkerLost",
      `part ${number} of ${destination.location} waits for the part before it`,
    );
  }
  const { crc32, storedSize } = receipt.piece;
  if (!receipt.startsInside) return { crc32, storedSize };
  const before = await priorPieces(destination, number - 1, signal);
  return {
    crc32: crc32Combine(before.crc32, crc32, receipt.counts.content),
    storedSize: before.storedSize + storedSize,
  };
}
