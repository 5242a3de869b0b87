/** The path of one export: find what is there, plan, make every part safe, finalize. Every step may be cut and run again. */
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import { draftReceiptName, receiptName, tailParts } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Source } from "../../domain/ports/source.ts";
import { allEnded } from "../all-ended.ts";
import { endStrayUploads } from "./archive-upload.ts";
import { checkOwnerOf, openWork, settle } from "./begin-export.ts";
import { checkRequest } from "./check-request.ts";
import { cleanUp, hasWorkFiles } from "./clean-up.ts";
import type { ExportCall, ExportHome, ExportResult, ExportWork } from "./export-call.ts";
import { finalize } from "./finalize.ts";
import { findExport, type FoundExport } from "./found-export.ts";
import { packEverything } from "./pack-everything.ts";

/** Throws errors of the catalogue; whatever was done until then is found again by the next call. */
export async function runExport(
  call: ExportCall,
  home: ExportHome,
  signal: AbortSignal,
): Promise<ExportResult> {
  const { source, destination } = await openWork(call, home);
  const before = await findExport(destination, signal);
  checkOwnerOf(before, destination, call);
  if (before.kind === "finished") {
    await clearLeftovers(home, destination, signal);
    return finished(call, home, { source, destination, found: before });
  }

  await using lock = await destination.lock?.(home.holder, signal);
  // Another process may have worked, or finished, between the look and the lock.
  const found = lock === undefined ? before : await findExport(destination, signal);
  checkOwnerOf(found, destination, call);
  if (found.kind === "finished") return finished(call, home, { source, destination, found });
  return await continueExport({ call, home, source, destination }, { found, wasFinished: false }, signal);
}

export interface UnfinishedExport {
  readonly found: Exclude<FoundExport, { kind: "finished" }>;
  /** Whether it was finished before something of it was found damaged. */
  readonly wasFinished: boolean;
}

/** Plans, packs and finalizes whatever is not done yet. The caller holds the lock. */
export async function continueExport(
  work: ExportWork,
  { found, wasFinished }: UnfinishedExport,
  signal: AbortSignal,
): Promise<ExportResult> {
  let begun = await settle(work, found, signal);
  if (found.kind !== "none") announce(work, found);
  for (let round = 1; ; round++) {
    const plan = await packEverything(work, begun, signal);
    const result = await finalize(work, { plan, wasFinished }, signal);
    if (!("refused" in result)) {
      if (tailParts(work.call.options.format) > 0) work.home.onEvent({ kind: "part", reused: false });
      await allEnded([
        cleanUp(work.destination, signal),
        endStrayUploads(work, plan.request.upload?.object, undefined, signal),
      ]);
      return { ...result, unchanged: false };
    }
    await packAgain(work, result.refused, round, signal);
    begun = { request: plan.request, found: { kind: "planned", plan } };
  }
}

/** Times that an archive is completed before it is given up. */
const rounds = 3;

/** Forgets the parts that the store does not have as they were sent, so that they are packed and sent once more. */
async function packAgain(
  { home, destination }: ExportWork,
  refused: readonly number[],
  round: number,
  signal: AbortSignal,
): Promise<void> {
  const parts = `${refused.length === 1 ? "part" : "parts"} ${refused.slice(0, 10).join(", ")}`;
  if (round === rounds)
    throw new LongshoreError(
      "DestinationFailed",
      `${destination.location} does not keep ${parts} as they were sent`,
    );
  home.onEvent({
    kind: "notice",
    message: `${destination.location} does not have ${parts} as they were sent: they are packed again`,
  });
  for (const part of refused) {
    await destination.remove(receiptName(part), signal);
    await destination.remove(draftReceiptName(part), signal);
  }
}

function finished(
  call: ExportCall,
  home: ExportHome,
  there: { source: Source; destination: Destination; found: FoundExport & { kind: "finished" } },
): ExportResult {
  const { manifest, manifestDigest } = there.found;
  const found = { source: manifest.run.source, issuer: manifest.run.issuer, options: manifest.options };
  const asked = { source: there.source.location, issuer: call.signer?.issuer, options: call.options };
  checkRequest(there.destination.location, found, asked);
  const when = manifest.run.finishedAt;
  home.onEvent({
    kind: "notice",
    message: `${there.destination.location} was finished at ${when}, nothing was changed`,
  });
  return { manifest, manifestDigest, unchanged: true };
}

/** Only under the lock: somebody may be mending the export just now. */
async function clearLeftovers(
  home: ExportHome,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  if (!(await hasWorkFiles(destination, signal))) return;
  try {
    await using _lock = await destination.lock?.(home.holder, signal);
    await cleanUp(destination, signal);
  } catch (error) {
    if (!hasCode(error, "LocationBusy")) throw error;
  }
}

function announce(
  { home, destination }: ExportWork,
  found: Exclude<FoundExport, { kind: "finished" | "none" }>,
): void {
  if (found.kind === "begun") {
    home.onEvent({ kind: "notice", message: `continuing ${destination.location}, its plan is made afresh` });
    return;
  }
  home.onEvent({
    kind: "notice",
    message: `continuing ${destination.location} by its plan of ${ageOf(home.clock.now() - Date.parse(found.plan.plannedAt))} ago; a new --name takes a fresh plan`,
  });
}

/** Milliseconds as a person would say them. */
function ageOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
