/** Makes the archive's object out of the parts that were sent, or says which of them have to be packed again. */
import { LongshoreError, undefinedIf } from "../../domain/errors.ts";
import type { Plan } from "../../domain/plan.ts";
import type { ArchiveUpload, ArchiveUploads, StoredPart } from "../../domain/ports/archive-uploads.ts";
import { completedBefore } from "../packing/completed-before.ts";
import type { ExportWork } from "./export-call.ts";
import type { JoinedRecords } from "./join-records.ts";
import type { Tail } from "./tail-part.ts";

/** Numbers of parts that the store does not have as their receipts say; the tail's among them is made again anyway. */
export interface RefusedParts {
  readonly refused: readonly number[];
}

export interface CompletedArchive {
  readonly object: string;
  readonly size: number;
  readonly etag: string;
}

interface Made {
  readonly records: JoinedRecords;
  readonly tail: Tail | undefined;
}

/** Undefined where the parts are objects of their own. Throws UploadLost where neither upload nor object is there. */
export async function completeArchive(
  { destination }: ExportWork,
  plan: Plan,
  { records, tail }: Made,
  signal: AbortSignal,
): Promise<CompletedArchive | RefusedParts | undefined> {
  const { upload } = plan.request;
  const { archives } = destination;
  if (upload === undefined || archives === undefined || tail?.stored === undefined) return undefined;
  const parts = [...records.stored, tail.stored];
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const completed = await complete(archives, upload, parts, signal).catch(undefinedIf("UploadLost"));
  if (completed !== undefined && "refused" in completed) return completed;
  if (completed !== undefined) return { object: upload.object, size, etag: completed.etag };
  // Nobody knows the upload any more: it was completed by a call whose answer was lost, or it is gone.
  const digests = [...records.parts, tail.part];
  const etag = await completedBefore(destination, upload, { parts, digests }, signal);
  if (etag === undefined)
    throw new LongshoreError(
      "UploadLost",
      `the upload of ${upload.object} in ${destination.location} is gone`,
    );
  return { object: upload.object, size, etag };
}

async function complete(
  archives: ArchiveUploads,
  upload: ArchiveUpload,
  parts: readonly StoredPart[],
  signal: AbortSignal,
): Promise<{ readonly etag: string } | RefusedParts> {
  // A store that refuses does not say which part it misses, so that is found out before.
  const differing = await archives.differing(upload, parts, signal);
  if (differing.length > 0) return { refused: differing };
  const completed = await archives.complete(upload, parts, signal);
  if (completed !== "refused") return completed;
  const refused = await archives.differing(upload, parts, signal);
  if (refused.length > 0) return { refused };
  throw new LongshoreError(
    "StoreUnsupported",
    `the store refuses to make ${upload.object} of parts that it says it has`,
    { hint: "make the export under another --name" },
  );
}
