/** Looks at what is left of each part: its bytes, its receipt, its lines of the index and of the differences. */
import { differencesName, indexName, pageTableName } from "../../domain/record-names.ts";
import { hasCode, undefinedIf } from "../../domain/errors.ts";
import { createHash } from "node:crypto";
import type { Manifest } from "../../domain/manifest.ts";
import { receiptName } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { FileDigest, Receipt } from "../../domain/receipt.ts";
import { sha256 } from "../digest.ts";
import { parseDocument } from "../document.ts";
import { parseReceipt } from "../receipts.ts";

export interface PartState {
  readonly number: number;
  /** As it was written, or undefined where it is damaged. */
  readonly receipt: Receipt | undefined;
  /** Whether the fragments that finalize joins stand in index/ again. */
  readonly fragments: boolean;
}

/**
 * The state of every part but the tail, in order. Cuts the joined index and differences apart again, for whatever
 * follows joins them anew. `manifest` vouches for receipts; without one a receipt that can be read is believed.
 */
export async function* partStates(
  destination: Destination,
  parts: readonly { readonly number: number; readonly key: string }[],
  manifest: Manifest | undefined,
  signal: AbortSignal,
): AsyncGenerator<PartState> {
  const table = await readTable(destination, signal);
  const digests = new Map(manifest?.run.files.map((file) => [file.object, file.sha256]));
  let indexOffset = 0;
  let differencesOffset = 0;
  for (const { number, key } of parts) {
    const receipt = await intactReceipt(
      destination,
      { number, key },
      digests.get(receiptName(number)),
      signal,
    );
    const place = table.get(number);
    indexOffset = place?.offset ?? indexOffset;
    let fragments = false;
    if (receipt !== undefined) {
      const { fragment } = receipt.index;
      const differences = receipt.differences.fragment;
      fragments =
        (await restore(destination, { from: indexName, offset: indexOffset, fragment }, signal)) &&
        (differences === undefined ||
          (await restore(
            destination,
            { from: differencesName, offset: differencesOffset, fragment: differences },
            signal,
          )));
      indexOffset += fragment.size;
      differencesOffset += differences?.size ?? 0;
    }
    yield { number, receipt, fragments };
  }
}

async function intactReceipt(
  destination: Destination,
  part: { readonly number: number; readonly key: string },
  digest: string | undefined,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  const name = receiptName(part.number);
  const bytes = await destination.get(name, signal);
  if (bytes === undefined || (digest !== undefined && sha256(bytes) !== digest)) return undefined;
  const receipt = await parseReceipt(bytes, name).catch(undefinedIf("Damaged"));
  return receipt?.key === part.key && receipt.number === part.number ? receipt : undefined;
}

interface Restoration {
  readonly from: string;
  readonly offset: number;
  readonly fragment: FileDigest;
}

async function restore(
  destination: Destination,
  { from, offset, fragment }: Restoration,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await destination.size(from, signal)) === undefined) return false;
  await using writer = await destination.create(`tmp/restore.${fragment.sha256.slice(0, 16)}`, signal);
  const hash = createHash("sha256");
  for await (const chunk of destination.read(from, { offset, length: fragment.size }, signal)) {
    hash.update(chunk);
    writer.write(chunk);
  }
  if (hash.digest("hex") !== fragment.sha256) return false;
  await writer.commit(fragment.object);
  return true;
}

/** Where each part's lines begin, if the page table can still be read. */
async function readTable(
  destination: Destination,
  signal: AbortSignal,
): Promise<Map<number, { offset: number }>> {
  const name = pageTableName;
  const bytes = await destination.get(name, signal);
  if (bytes === undefined) return new Map();
  const { IndexPageTable } = await import("../../domain/manifest.ts");
  try {
    const table = parseDocument(IndexPageTable, bytes, name);
    return new Map(table.parts.map((part) => [part.number, part]));
  } catch (error) {
    if (!hasCode(error, "Damaged")) throw error;
    return new Map();
  }
}
