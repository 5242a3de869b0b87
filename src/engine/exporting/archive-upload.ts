/** The upload that an export's parts are sent into: begun before the first, looked for on every resume, never left behind. */
import { hasCode } from "../../domain/errors.ts";
import type { Plan } from "../../domain/plan.ts";
import { archiveObject } from "../../domain/part.ts";
import type { ArchiveUpload, StoredPart } from "../../domain/ports/archive-uploads.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { readReceipt } from "../receipts.ts";
import { completedBefore } from "../packing/completed-before.ts";
import type { ExportWork } from "./export-call.ts";
import type { FoundExport } from "./found-export.ts";
import { storedPart } from "./join-records.ts";

/** Undefined where parts become objects of their own. */
export async function beginUpload(
  { call, home, destination }: ExportWork,
  signal: AbortSignal,
): Promise<ArchiveUpload | undefined> {
  const format = await home.drivers.format(call.options.format);
  const { archives } = destination;
  if (archives === undefined || format.layout !== "archive") return undefined;
  // A part may be as small as its only entry; where the store takes no such part, it must be possible to fill it up.
  if (archives.smallestPart > 0 && format.padding === undefined) return undefined;
  return archives.begin(`${call.name}.${format.extension}`, undefined, signal);
}

/** Ends what was begun for the same object and no plan knows, for it takes room that nobody sees. */
export async function endStrayUploads(
  { destination }: Pick<ExportWork, "destination">,
  object: string | undefined,
  kept: ArchiveUpload | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (object !== undefined) await destination.archives?.abortOthers(object, kept, signal);
}

/** Whether parts can still be sent into the upload, or it was completed with exactly the parts that have receipts. */
export async function isUploadUsable(
  { destination }: ExportWork,
  upload: ArchiveUpload,
  found: FoundExport,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await destination.archives?.find(upload, 0, signal);
    return true;
  } catch (error) {
    if (!hasCode(error, "UploadLost")) throw error;
  }
  return found.kind === "planned" && (await wasCompleted(destination, upload, found.plan, signal));
}

/** By the receipts of all parts, the tail's as well, which is written before the upload is completed. */
async function wasCompleted(
  destination: Destination,
  upload: ArchiveUpload,
  plan: Plan,
  signal: AbortSignal,
): Promise<boolean> {
  const parts: StoredPart[] = [];
  const digests: { size: number; sha256: string }[] = [];
  for (let number = 0; number <= plan.parts.length; number++) {
    const receipt = await readReceipt(destination, number, signal);
    if (receipt?.object !== archiveObject || receipt.sent?.upload !== upload.id) return false;
    parts.push(storedPart(receipt, receipt.sent));
    digests.push(receipt);
  }
  return (await completedBefore(destination, upload, { parts, digests }, signal)) !== undefined;
}
