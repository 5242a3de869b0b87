/** Takes over a part whose worker was lost between giving it its name and writing its receipt. */
import { draftReceiptName, type PlannedPart } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { parseReceipt } from "../receipts.ts";
import { unlessDamaged } from "../unless-damaged.ts";
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
  // It may have been cut off by a power cut: then there is nothing to adopt.
  const draft = await parseReceipt(bytes, name).catch(unlessDamaged);
  // Files of format Files have no digest of their own in the receipt: their part is packed again.
  if (
    draft === undefined ||
    draft.object === "files/" ||
    draft.key !== part.key ||
    draft.number !== part.number
  )
    return undefined;
  const objects = vouchedObjects(draft);
  for (const object of objects) {
    if (!(await holdsObject(destination, object, signal))) return undefined;
  }
  // Whoever wrote them may have been lost before it flushed them, and a receipt must not outlive what it vouches for.
  await destination.flush([...objects.map(({ object }) => object), "parts", "index"], signal);
  return { ...draft, adopted: true };
}
