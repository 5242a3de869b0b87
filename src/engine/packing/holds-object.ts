/** Whether the destination holds what somebody says it does. */
import { createHash } from "node:crypto";
import type { Destination } from "../../domain/ports/destination.ts";
import type { FileDigest } from "../../domain/receipt.ts";

/** Whether the object is there with exactly these bytes. Reads every byte. */
export async function holdsObject(
  destination: Destination,
  expected: FileDigest,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await destination.size(expected.object, signal)) !== expected.size) return false;
  const hash = createHash("sha256");
  const range = { offset: 0, length: expected.size };
  for await (const chunk of destination.read(expected.object, range, signal)) hash.update(chunk);
  return hash.digest("hex") === expected.sha256;
}
