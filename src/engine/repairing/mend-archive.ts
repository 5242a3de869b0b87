/**
 * Mends an archive that is one object: it is made anew by another upload, out of the parts that are right, and the others
 * packed again. Until that is completed nothing of the export is touched, so whoever is cut off begins again.
 */
import { LongshoreError, undefinedIf } from "../../domain/errors.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { archiveObject, type PlannedPart, receiptName } from "../../domain/part.ts";
import type { Plan } from "../../domain/plan.ts";
import type { ArchiveUpload } from "../../domain/ports/archive-uploads.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { ahead } from "../ahead.ts";
import { endStrayUploads } from "../exporting/archive-upload.ts";
import type { ExportResult, ExportWork } from "../exporting/export-call.ts";
import { finalize } from "../exporting/finalize.ts";
import type { PackContext } from "../packing/context.ts";
import { transferPart } from "../packing/transfer-part.ts";
import { receiptBytes } from "../receipts.ts";
import type { VerifyReport } from "../verify/report.ts";
import { changed, type DamagedPart, hasSameContent, takeFragments, taking } from "./mend-part.ts";
import { packAside } from "./pack-aside.ts";
import { mendPlanPages, planOf, putPlan } from "./rebuild-plan.ts";
import { partStates } from "./soundness.ts";

/** Parts on their way from the old object into the new one. */
const atOnce = 4;

/** Throws SourceChanged where the source no longer has what is damaged; the object is then as it was. */
export async function mendArchive(
  work: ExportWork,
  manifest: Manifest,
  report: VerifyReport,
  signal: AbortSignal,
): Promise<ExportResult> {
  const { destination } = work;
  const { archives } = destination;
  const object = manifest.run.archive?.object ?? "";
  if (archives === undefined)
    throw new LongshoreError("StoreUnsupported", `${destination.location} makes no object out of parts`);
  // Of a repair that was cut off.
  await endStrayUploads(work, object, undefined, signal);
  const upload = await archives.begin(object, undefined, signal);
  try {
    const { plan, receipts } = await sendParts(work, { manifest, report, upload }, signal);
    await putPlan(destination, plan, signal);
    for (const receipt of receipts)
      await destination.put(receiptName(receipt.number), receiptBytes(receipt), signal);
    const made = await finalize(work, { plan, wasFinished: true, before: manifest.run }, signal);
    if ("refused" in made)
      throw new LongshoreError("Damaged", `${destination.location} has parts that can't be mended`);
    return { ...made, unchanged: false };
  } finally {
    // A completed upload is none any more.
    if (!signal.aborted) await endStrayUploads(work, object, undefined, signal);
  }
}

interface Sending {
  readonly manifest: Manifest;
  readonly report: VerifyReport;
  readonly upload: ArchiveUpload;
}

async function sendParts(
  work: ExportWork,
  { manifest, report, upload }: Sending,
  signal: AbortSignal,
): Promise<{ plan: Plan; receipts: Receipt[] }> {
  const { destination } = work;
  const data = manifest.parts.filter((part) => !part.tail);
  // What a receipt says is believed when the bytes are what it says: a repair that was cut off may have put others there.
  const states = await Array.fromAsync(partStates(destination, data, undefined, signal));
  const known = new Map(
    states.flatMap(({ number, receipt }) => (receipt ? [[number, receipt] as const] : [])),
  );
  const before = await planOf(destination, manifest, known, signal);
  await mendPlanPages(work, before, signal);
  const plan: Plan = { ...before, request: { ...before.request, upload: { ...upload } } };
  const context = await contextFor(work, upload);
  const send = async (state: (typeof states)[number]): Promise<Receipt> => {
    const planned = plan.parts[state.number];
    const recorded = manifest.parts[state.number];
    if (planned === undefined || recorded === undefined)
      throw new LongshoreError("Damaged", `the plan of ${destination.location} has no part ${state.number}`);
    const { receipt, fragments } = state;
    const place = { receipt, fragments, offset: recorded.offset ?? 0, object: upload.object };
    const taken = await takeOver(context, planned, place, signal);
    if (taken !== undefined) return taken;
    const entries = report.problems.flatMap(({ part, entry }) =>
      part === state.number && entry !== undefined ? [entry] : [],
    );
    const made = await packAgain(work, context, { planned, recorded, state, entries }, signal);
    // The next piece of a file that was split may need what it says.
    if (receipt === undefined) await destination.put(receiptName(made.number), receiptBytes(made), signal);
    return made;
  };
  const receipts: Receipt[] = [];
  const { format } = context;
  const most = format.layout === "archive" && format.closesSplitFiles ? 1 : atOnce;
  for await (const receipt of ahead(states, most, send)) receipts.push(receipt);
  return { plan, receipts };
}

async function contextFor(
  { source, destination, call, home }: ExportWork,
  upload: ArchiveUpload,
): Promise<PackContext> {
  return {
    source,
    destination,
    format: await home.drivers.format(call.options.format),
    options: call.options,
    upload,
    clock: home.clock,
    resumed: false,
    newId: home.newId,
    openDestination: home.drivers.openDestination,
    onProgress: () => undefined,
  };
}

interface OldPart {
  readonly receipt: Receipt | undefined;
  readonly fragments: boolean;
  /** Of the part in the old object. */
  readonly offset: number;
  readonly object: string;
}

/** Sends the part out of the old object; undefined where that has other bytes than the receipt says, or nothing is known of it. */
async function takeOver(
  context: PackContext,
  planned: PlannedPart,
  { receipt, fragments, offset, object }: OldPart,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  if (receipt === undefined || !fragments) return undefined;
  const transferred = { previous: context.destination, old: receipt, stored: { object, offset } };
  const stored = await transferPart(context, planned, transferred, signal).catch(undefinedIf("Damaged"));
  return stored === undefined ? undefined : { ...receipt, ...stored };
}

/** Packs the part aside, and sends it if it is what it was. */
async function packAgain(
  work: ExportWork,
  context: PackContext,
  damaged: DamagedPart,
  signal: AbortSignal,
): Promise<Receipt> {
  const { planned, recorded, state } = damaged;
  const { scratch, made } = await packAside(work, planned, signal);
  const transferred = { previous: scratch, old: made, stored: { object: made.object, offset: 0 } };
  const stored = await transferPart(context, planned, transferred, signal);
  if (stored === undefined)
    throw new LongshoreError(
      "DestinationFailed",
      `${made.object} is not as it was written in ${scratch.location}`,
    );
  if (stored.sha256 !== recorded.sha256 && !hasSameContent(made, state.receipt)) throw changed(work, damaged);
  if (!state.fragments)
    await takeFragments({ work, damaged, made, take: taking(work, scratch, signal), scratch });
  return { ...made, ...stored, object: archiveObject };
}
