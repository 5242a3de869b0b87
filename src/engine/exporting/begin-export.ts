/** The beginning of all work on an export: open its places, see whose it is, and settle what was asked for. */
import { planName, requestName } from "../../domain/record-names.ts";
import type { ExportRequest } from "../../domain/plan.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { allEnded } from "../all-ended.ts";
import { documentBytes } from "../document.ts";
import { beginUpload, endStrayUploads, isUploadUsable } from "./archive-upload.ts";
import { checkPlaces } from "./check-places.ts";
import { checkOwner, checkRequest } from "./check-request.ts";
import type { ExportCall, ExportHome, ExportWork } from "./export-call.ts";
import type { Begun, FoundExport } from "./found-export.ts";
import { newRequest } from "./new-request.ts";

/** Throws where source and destination can't go together, and what opening them throws. */
export async function openWork(call: ExportCall, home: ExportHome): Promise<ExportWork> {
  const source = await home.drivers.openSource(call.source);
  const destination = await home.drivers.openDestination(call.location, call.scratch);
  checkPlaces(source.location, destination.location);
  return { call, home, source, destination };
}

/** Before anything is touched: what is another's must stay as it is. */
export function checkOwnerOf(found: FoundExport, { location }: Destination, call: ExportCall): void {
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

/** What stands in the destination from now on: what was asked for, and where parts are sent. */
export async function settle(
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
  const [record, document] = next.kind === "planned" ? [planName, next.plan] : [requestName, settled];
  await allEnded([
    // It stands in a record before the first part is sent, so that whoever comes later goes on with it or ends it.
    work.destination.put(record, documentBytes(document), signal),
    endStrayUploads(work, begun?.object, begun, signal),
  ]);
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
