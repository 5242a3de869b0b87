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

/** Everything that a receipt vouches for, and is not a file of format Files. */
export function vouchedObjects(receipt: {
  object: string;
  size: number;
  sha256: string;
  index: { fragment: FileDigest };
  differences: { fragment?: FileDigest | undefined };
}): FileDigest[] {
  const { object, size, sha256, index, differences } = receipt;
  const part = object.endsWith("/") ? [] : [{ object, size, sha256 }];
  const fragment = differences.fragment === undefined ? [] : [differences.fragment];
  return [...part, index.fragment, ...fragment];
}
