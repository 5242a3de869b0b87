/** Takes over a part whose worker was lost between giving it its name and writing its receipt. */
import { undefinedIf } from "../../domain/errors.ts";
import { draftReceiptName, filesFolder, type PlannedPart } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { ArchiveUpload } from "../../domain/ports/archive-uploads.ts";
import type { Receipt, SentPart } from "../../domain/receipt.ts";
import { isOfUpload, parseReceipt, vouchedObjects } from "../receipts.ts";
import type { PackContext } from "./context.ts";
import { holdsObject } from "./holds-object.ts";
import { sentPart } from "./part-output.ts";

/** The receipt to write, if everything that the draft names is there and hashes to its name. */
export async function findAdoptable(
  { destination, upload }: Pick<PackContext, "destination" | "upload">,
  part: PlannedPart,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  const name = draftReceiptName(part.number);
  const bytes = await destination.get(name, signal);
  if (bytes === undefined) return undefined;
  // It may have been cut off by a power cut: then there is nothing to adopt.
  const draft = await parseReceipt(bytes, name).catch(undefinedIf("Damaged"));
  if (draft === undefined || !isOfPart(draft, part) || !isOfUpload(draft, upload)) return undefined;
  const sent = draft.sent === undefined ? undefined : await foundInUpload(destination, draft, upload, signal);
  if (draft.sent !== undefined && sent === undefined) return undefined;
  const objects = vouchedObjects(draft);
  for (const object of objects) {
    if (!(await holdsObject(destination, object, signal))) return undefined;
  }
  // Whoever wrote them may have been lost before it flushed them, and a receipt must not outlive what it vouches for.
  await destination.flush([...objects.map(({ object }) => object), "parts", "index"], signal);
  return { ...draft, ...(sent === undefined ? undefined : { sent }), adopted: true };
}

/** Files of format Files have no digest of their own in the receipt: their part is packed again. */
const isOfPart = (draft: Receipt, part: PlannedPart): boolean =>
  draft.object !== filesFolder && draft.key === part.key && draft.number === part.number;

/** What the store says of the part, if that can only be the bytes that the draft speaks of. */
async function foundInUpload(
  destination: Destination,
  draft: Receipt,
  upload: ArchiveUpload | undefined,
  signal: AbortSignal,
): Promise<SentPart | undefined> {
  if (upload === undefined || draft.sent === undefined) return undefined;
  const found = await destination.archives?.find(upload, draft.number, signal);
  if (found === undefined || found.size !== draft.size) return undefined;
  const isSame = found.sha256 === undefined ? found.etag === draft.sent.md5 : found.sha256 === draft.sha256;
  return isSame ? sentPart(draft.sent, found) : undefined;
}
