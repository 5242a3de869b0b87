/** The path of one export: find what is there, plan, make every part safe, finalize. Every step may be cut and run again. */
import { LongshoreError } from "../../domain/errors.ts";
import { draftReceiptName, receiptName } from "../../domain/part.ts";
import type { ExportRequest } from "../../domain/plan.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { Source } from "../../domain/ports/source.ts";
import { documentBytes } from "../document.ts";
import { beginUpload, endStrayUploads, isUploadUsable } from "./archive-upload.ts";
import { checkPlaces } from "./check-places.ts";
import { checkOwner, checkRequest } from "./check-request.ts";
import { cleanUp, hasWorkFiles } from "./clean-up.ts";
import type { ExportCall, ExportHome, ExportResult, ExportWork } from "./export-call.ts";
import { finalize } from "./finalize.ts";
import { findExport, type FoundExport, requestName } from "./found-export.ts";
import { newRequest } from "./new-request.ts";
import { type Begun, packEverything } from "./pack-everything.ts";

/** Throws errors of the catalogue; whatever was done until then is found again by the next call. */
export async function runExport(
  call: ExportCall,
  home: ExportHome,
  signal: AbortSignal,
): Promise<ExportResult> {
  const source = await home.drivers.openSource(call.source);
  const destination = await home.drivers.openDestination(call.location);
  checkPlaces(source.location, destination.location);
  const before = await findExport(destination, signal);
  checkOwnerOf(before, destination, call);
  if (before.kind === "finished") {
    await clearLeftovers(home, destination, signal);
    return finished(call, home, { source, destination, found: before });
  }

  await using _lock = await destination.lock(home.holder, signal);
  // Another process may have worked, or finished, between the look and the lock.
  const found = await findExport(destination, signal);
  checkOwnerOf(found, destination, call);
  if (found.kind === "finished") return finished(call, home, { source, destination, found });
  return await continueExport({ call, home, source, destination }, found, signal);
}

/** Plans, packs and finalizes whatever is not done yet. The caller holds the lock. */
export async function continueExport(
  work: ExportWork,
  found: Exclude<FoundExport, { kind: "finished" }>,
  signal: AbortSignal,
  wasFinished = false,
): Promise<ExportResult> {
  let begun = await settle(work, found, signal);
  if (found.kind !== "none") announce(work, found);
  for (let round = 1; ; round++) {
    const plan = await packEverything(work, begun, signal);
    const result = await finalize(work, plan, signal, { attempts: 0, redone: 0, wasFinished });
    if (!("refused" in result)) {
      await cleanUp(work.destination, signal);
      await endStrayUploads(work, plan.request.upload?.object, undefined, signal);
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

/** Before anything is touched: what is another's must stay as it is. */
function checkOwnerOf(found: FoundExport, { location }: Destination, call: ExportCall): void {
  switch (found.kind) {
    case "none":
      return;
    case "begun":
      return checkOwner(location, found.request.owner, call.owner);
    case "planned":
      return checkOwner(location, found.plan.request.owner, call.owner);
    case "finished":
      return checkOwner(location, found.manifest.run.owner, call.owner);
  }
}

/** Only under the lock: somebody may be mending the export just now. */
async function clearLeftovers(
  home: ExportHome,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  if (!(await hasWorkFiles(destination, signal))) return;
  try {
    await using _lock = await destination.lock(home.holder, signal);
    await cleanUp(destination, signal);
  } catch (error) {
    if (!(error instanceof LongshoreError) || error.code !== "LocationBusy") throw error;
  }
}

/** What stands in the destination from now on: what was asked for, and where parts are sent. */
async function settle(
  work: ExportWork,
  found: Exclude<FoundExport, { kind: "finished" }>,
  signal: AbortSignal,
): Promise<Begun> {
  const request = requestOf(work, found);
  const { upload } = request;
  const isUsable = upload !== undefined && (await isUploadUsable(work, upload, found, signal));
  if (found.kind !== "none" && (upload === undefined || isUsable)) return { request, found };
  const begun = await beginUpload(work, signal);
  const settled = begun === undefined ? request : { ...request, upload: { ...begun } };
  const next = found.kind === "planned" ? { ...found, plan: { ...found.plan, request: settled } } : found;
  // It stands in a record before the first part is sent, so that whoever comes later goes on with it or ends it.
  if (next.kind === "planned") await work.destination.put("plan.json", documentBytes(next.plan), signal);
  else await work.destination.put(requestName, documentBytes(settled), signal);
  await endStrayUploads(work, begun?.object, begun, signal);
  return { request: settled, found: next };
}

function requestOf(work: ExportWork, found: Exclude<FoundExport, { kind: "finished" }>): ExportRequest {
  const { call, source, destination } = work;
  if (found.kind === "none") return newRequest(work);
  const asked = { source: source.location, issuer: call.signer?.issuer, options: call.options };
  const request = found.kind === "planned" ? found.plan.request : found.request;
  checkRequest(destination.location, request, asked);
  return request;
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
