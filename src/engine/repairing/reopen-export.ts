/** Makes an export whose manifest can't be believed unfinished again, keeping every part that proves itself. */
import { manifestName, planName, requestName } from "../../domain/record-names.ts";
import { hasCode } from "../../domain/errors.ts";
import { archiveObject, filesFolder, receiptName } from "../../domain/part.ts";
import type { ExportRequest, Plan } from "../../domain/plan.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import { documentBytes, parseDocument } from "../document.ts";
import { checkRequest } from "../exporting/check-request.ts";
import type { FoundExport } from "../exporting/found-export.ts";
import type { ExportWork } from "../exporting/export-call.ts";
import { newRequest } from "../exporting/new-request.ts";
import { holdsObject } from "../packing/holds-object.ts";
import { mendPlanPages } from "./rebuild-plan.ts";
import { partStates } from "./soundness.ts";

/** The plan is kept if it can be read; otherwise the source is planned and packed afresh. */
export async function reopenExport(
  work: ExportWork,
  signal: AbortSignal,
): Promise<Exclude<FoundExport, { kind: "finished" }>> {
  const { destination, call, source } = work;
  const plan = await readPlan(destination, signal);
  const begun = plan === undefined ? await readRequest(work, signal) : undefined;
  if (begun !== undefined) return { kind: "begun", request: begun };
  if (plan === undefined) return begunAgain(work, signal);
  const asked = { source: source.location, issuer: call.signer?.issuer, options: call.options };
  checkRequest(destination.location, plan.request, asked);
  await mendPlanPages(work, plan, signal);
  for await (const { number, receipt, fragments } of partStates(destination, plan.parts, undefined, signal)) {
    if (receipt === undefined) await destination.remove(receiptName(number), signal);
    else if (!fragments && !(await hasFragments(destination, receipt, signal)))
      await destination.remove(receiptName(number), signal);
    else if (!(await hasPart(destination, receipt, signal)))
      await destination.remove(receiptName(number), signal);
  }
  await destination.remove(manifestName, signal);
  return { kind: "planned", plan };
}

async function readPlan(destination: Destination, signal: AbortSignal): Promise<Plan | undefined> {
  const bytes = await destination.get(planName, signal);
  if (bytes === undefined) return undefined;
  const { Plan } = await import("../../domain/plan.ts");
  try {
    return parseDocument(Plan, bytes, `${planName} in ${destination.location}`);
  } catch (error) {
    if (!hasCode(error, "Damaged")) throw error;
    return undefined;
  }
}

/** What an export that was never planned was asked to be. */
async function readRequest(
  { destination, call, source }: ExportWork,
  signal: AbortSignal,
): Promise<ExportRequest | undefined> {
  const bytes = await destination.get(requestName, signal);
  if (bytes === undefined || (await destination.size(manifestName, signal)) !== undefined) return undefined;
  const { ExportRequest } = await import("../../domain/plan.ts");
  const request = parseDocument(ExportRequest, bytes, `${requestName} in ${destination.location}`);
  checkRequest(destination.location, request, {
    source: source.location,
    issuer: call.signer?.issuer,
    options: call.options,
  });
  return request;
}

/** Without plan and manifest nothing says which receipt to believe, so every part is packed again. */
async function begunAgain(work: ExportWork, signal: AbortSignal): Promise<FoundExport & { kind: "begun" }> {
  const { destination } = work;
  const request = newRequest(work);
  await destination.removeAll("receipts", signal);
  await destination.put(requestName, documentBytes(request), signal);
  await destination.remove(planName, signal);
  await destination.remove(manifestName, signal);
  return { kind: "begun", request };
}

interface Vouched {
  readonly object: string;
  readonly size: number;
  readonly sha256: string;
}

async function hasPart(destination: Destination, receipt: Vouched, signal: AbortSignal): Promise<boolean> {
  // What was sent into an upload is checked when that is completed.
  // Files of format Files are checked one by one when the part is packed again.
  if (receipt.object === archiveObject) return true;
  return receipt.object !== filesFolder && holdsObject(destination, receipt, signal);
}

async function hasFragments(
  destination: Destination,
  receipt: { index: { fragment: Vouched }; differences: { fragment?: Vouched | undefined } },
  signal: AbortSignal,
): Promise<boolean> {
  const { fragment } = receipt.differences;
  if (fragment !== undefined && !(await holdsObject(destination, fragment, signal))) return false;
  return holdsObject(destination, receipt.index.fragment, signal);
}
