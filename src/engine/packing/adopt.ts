/** Takes over a part whose worker was lost between giving it its name and writing its receipt. */
import { LongshoreError } from "../../domain/errors.ts";
import { draftReceiptName, type PlannedPart } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { parseReceipt } from "../receipts.ts";
import { holdsObject, vouchedObjects } from "./stored-object.ts";

/** The receipt to write, if everything that the draft names is there and hashes to its name. */
export async function findAdoptable(
  destination: Destination,
  part: PlannedPart,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  const name = draftReceiptName(part.number);
  const bytes = await destination.get(name, signal);
  if (bytes === undefined) return undefined;
  const draft = await parseReceipt(bytes, name).catch(unlessDamaged);
  // Files of format Files have no digest of their own in the receipt: their part is packed again.
  if (
    draft === undefined ||
    draft.object === "files/" ||
    draft.key !== part.key ||
    draft.number !== part.number
  )
    return undefined;
  for (const object of vouchedObjects(draft)) {
    if (!(await holdsObject(destination, object, signal))) return undefined;
  }
  return { ...draft, adopted: true };
}

/** A draft may have been cut off by a power cut: then there is nothing to adopt. */
function unlessDamaged(error: unknown): undefined {
  if (error instanceof LongshoreError && error.code === "Damaged") return undefined;
  throw error;
}
