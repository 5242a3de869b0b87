import { createHash } from "node:crypto";
import type { Destination } from "../../domain/ports/destination.ts";
import { archiveObject } from "../../domain/part.ts";
import type { ArchiveUpload } from "../../domain/ports/archive-uploads.ts";
import type { FileDigest, Receipt } from "../../domain/receipt.ts";

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

/** Whether a receipt names an object, and not a folder of files or a piece of the archive. */
export const isObjectName = (object: string): boolean => object !== "files/" && object !== archiveObject;

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
