/** `--repair`: verifies every byte of an export and makes again what is damaged, from the source, touching nothing that is right. */
import { manifestName } from "../../domain/record-names.ts";
import { LongshoreError, undefinedIf } from "../../domain/errors.ts";
import { receiptName } from "../../domain/part.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { sha256 } from "../digest.ts";
import { checkPlaces } from "../exporting/check-places.ts";
import { checkRequest } from "../exporting/check-request.ts";
import { cleanUp } from "../exporting/clean-up.ts";
import type { ExportCall, ExportHome, ExportResult, ExportWork } from "../exporting/export-call.ts";
import { finalize } from "../exporting/finalize.ts";
import { findExport } from "../exporting/found-export.ts";
import { continueExport } from "../exporting/run-export.ts";
import { putStatement } from "../exporting/statement.ts";
import { putSums } from "../exporting/sums.ts";
import type { VerifyReport } from "../verify/report.ts";
import { verifyExport } from "../verify/verify-export.ts";
import { mendArchive } from "./mend-archive.ts";
import { mendPart } from "./mend-part.ts";
import { mendPlanPages, planOf, putPlan } from "./rebuild-plan.ts";
import { type PartState, partStates } from "./soundness.ts";
import { reopenExport } from "./reopen-export.ts";

/** Throws SourceChanged where the source no longer has what is damaged, and everything that making an export throws. */
export async function repairExport(
  call: ExportCall,
  home: ExportHome,
  signal: AbortSignal,
): Promise<ExportResult> {
  const source = await home.drivers.openSource(call.source);
  const destination = await home.drivers.openDestination(call.location, call.scratch);
  checkPlaces(source.location, destination.location);
  const work: ExportWork = { call, home, source, destination };
  await findExport(destination, signal).catch(undefinedIf("Damaged"));
  await using _lock = await destination.lock?.(home.holder, signal);
  const found = await findExport(destination, signal).catch(undefinedIf("Damaged"));
  if (found === undefined || found.kind !== "finished") return await reopened(work, signal);
  const { manifest, manifestDigest } = found;
  const recorded = { source: manifest.run.source, issuer: manifest.run.issuer, options: manifest.options };
  const asked = { source: source.location, issuer: call.signer?.issuer, options: call.options };
  checkRequest(destination.location, recorded, asked);
  const report = await verify(work, signal);
  if (report.state === "Verified") {
    await cleanUp(destination, signal);
    home.onEvent({
      kind: "notice",
      message: `every byte of ${destination.location} is right, nothing was changed`,
    });
    return { manifest, manifestDigest, unchanged: true };
  }
  home.onEvent({
    kind: "notice",
    message: `${report.problemCount} problems in ${destination.location}, mending them from ${source.location}`,
  });
  const isTrusted = !report.problems.some(({ object }) => object === manifestName);
  const result = isTrusted ? await mendAside(work, manifest, report, signal) : await reopened(work, signal);
  return await confirmed(work, result, signal);
}

async function verify({ home, destination }: ExportWork, signal: AbortSignal): Promise<VerifyReport> {
  const report = await verifyExport({ destination, formatOf: home.drivers.format }, signal);
  // This process's own lock and temporary files are no damage.
  const problems = report.problems.filter(({ kind }) => kind !== "leftover");
  const leftovers = report.problems.length - problems.length;
  const problemCount = report.problemCount - leftovers;
  return { ...report, problems, problemCount, state: problemCount === 0 ? "Verified" : "Damaged" };
}

async function reopened(work: ExportWork, signal: AbortSignal): Promise<ExportResult> {
  const wasFinished = (await work.destination.size(manifestName, signal)) !== undefined;
  const found = await reopenExport(work, signal);
  return continueExport(work, { found, wasFinished }, signal);
}

/** Throws Damaged where something is left that can't be mended from the source, a stray file for instance. */
async function confirmed(work: ExportWork, result: ExportResult, signal: AbortSignal): Promise<ExportResult> {
  const report = await verify(work, signal);
  const [first] = report.problems;
  if (first === undefined) return result;
  const hint =
    first.kind === "unlisted"
      ? "remove what is not listed, it is not part of the export"
      : "make a new export under another --name";
  throw new LongshoreError(
    "Damaged",
    `${first.object} in ${work.destination.location} ${first.message} and can't be mended`,
    { hint },
  );
}

/** What was only needed to mend goes, whether that worked or not. */
async function mendAside(
  work: ExportWork,
  manifest: Manifest,
  report: VerifyReport,
  signal: AbortSignal,
): Promise<ExportResult> {
  try {
    return await mend(work, manifest, report, signal);
  } finally {
    if (!signal.aborted) await cleanUp(work.destination, signal);
  }
}

async function mend(
  work: ExportWork,
  manifest: Manifest,
  report: VerifyReport,
  signal: AbortSignal,
): Promise<ExportResult> {
  if (manifest.run.archive !== undefined) return mendArchive(work, manifest, report, signal);
  const { destination } = work;
  const bytes = await destination.get(manifestName, signal);
  const data = manifest.parts.filter((part) => !part.tail);
  const states = await Array.fromAsync(partStates(destination, data, manifest, signal));
  const plan = await planOf(destination, manifest, receiptsOf(states), signal);
  await mendPlanPages(work, plan, signal);
  await putPlan(destination, plan, signal);

  const isRewritten = await mendParts(work, { manifest, plan, states, report }, signal);
  const tailReceipt = await intactTailReceipt(work, manifest, signal);
  const made = await finalize(work, { plan, wasFinished: true, before: manifest.run }, signal);
  if ("refused" in made)
    throw new LongshoreError("Damaged", `${destination.location} has parts that can't be mended`);
  const isSame = made.manifest.contentDigest === manifest.contentDigest && !isRewritten;
  if (!isSame || tailReceipt === undefined || bytes === undefined) return { ...made, unchanged: false };
  if (tailReceipt !== "none") await destination.put(tailReceipt.name, tailReceipt.bytes, signal);
  return putBack(work, { manifest, bytes }, signal);
}

function receiptsOf(states: readonly PartState[]): Map<number, Receipt> {
  const receipts = new Map<number, Receipt>();
  for (const { number, receipt } of states) if (receipt !== undefined) receipts.set(number, receipt);
  return receipts;
}

interface Findings {
  readonly manifest: Manifest;
  readonly plan: Plan;
  readonly states: readonly PartState[];
  readonly report: VerifyReport;
}

/** Says whether any receipt is another now. */
async function mendParts(
  work: ExportWork,
  { manifest, plan, states, report }: Findings,
  signal: AbortSignal,
): Promise<boolean> {
  const damagedParts = new Set(report.damagedParts);
  let isRewritten = false;
  for (const state of states) {
    const planned = plan.parts[state.number];
    const recorded = manifest.parts[state.number];
    const isSound = !damagedParts.has(state.number) && state.receipt !== undefined && state.fragments;
    if (isSound || planned === undefined || recorded === undefined) continue;
    const entries = report.problems.flatMap(({ part, entry }) =>
      part === state.number && entry !== undefined ? [entry] : [],
    );
    const rewritten = await mendPart(work, { planned, recorded, state, entries }, signal);
    isRewritten ||= rewritten;
  }
  return isRewritten;
}

/** Everything is again what the old manifest says: it, and what was signed of it, stays. */
async function putBack(
  { destination, call }: ExportWork,
  { manifest, bytes }: { manifest: Manifest; bytes: Uint8Array },
  signal: AbortSignal,
): Promise<ExportResult> {
  const manifestDigest = sha256(bytes);
  await putSums(destination, manifest, manifestDigest, signal);
  if (call.signer !== undefined) {
    const { name, owner: uid } = manifest.run;
    await putStatement(
      destination,
      { manifest: manifestDigest, namespace: "", name, uid },
      call.signer,
      signal,
    );
  }
  await destination.put(manifestName, bytes, signal);
  return { manifest, manifestDigest, unchanged: false };
}

type TailReceipt = { readonly name: string; readonly bytes: Uint8Array } | "none" | undefined;

/** The tail's receipt as it was written, "none" where the format has no tail, undefined where it is damaged. */
async function intactTailReceipt(
  { destination }: ExportWork,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<TailReceipt> {
  const tail = manifest.parts.find((part) => part.tail);
  if (tail === undefined) return "none";
  const name = receiptName(tail.number);
  const bytes = await destination.get(name, signal);
  const recorded = manifest.run.files.find(({ object }) => object === name);
  return bytes !== undefined && sha256(bytes) === recorded?.sha256 ? { name, bytes } : undefined;
}
