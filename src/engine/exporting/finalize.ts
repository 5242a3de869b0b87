/** Turns safe parts into a proved export: index, tail, sums, statement, and at last the manifest, which makes it one. */
import { manifestName, planName, requestName } from "../../domain/record-names.ts";
import { displayName, fromJsonMember } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { formatVersion } from "../../domain/export-options.ts";
import type { Manifest, ManifestPart } from "../../domain/manifest.ts";
import { draftReceiptName, receiptName } from "../../domain/part.ts";
import type { Plan } from "../../domain/plan.ts";
import { allEnded } from "../all-ended.ts";
import { sha256 } from "../digest.ts";
import { documentBytes } from "../document.ts";
import { readReceipt } from "../receipts.ts";
import { countAttempts } from "./attempts.ts";
import { checkOwnerOf } from "./begin-export.ts";
import type { ExportResult, ExportWork } from "./export-call.ts";
import { findExport } from "./found-export.ts";
import { type JoinedRecords, joinRecords } from "./join-records.ts";
import { indexOf, removeStaleFiles, removeStaleRecords } from "./remove-stale.ts";
import { putStatement } from "./statement.ts";
import { putSums } from "./sums.ts";
import { completeArchive, type RefusedParts } from "./complete-archive.ts";
import { finishTail, openTail, type Tail } from "./tail-part.ts";

export interface PackedExport {
  readonly plan: Plan;
  /** Then nothing stale of ours can be there: what is not listed is somebody else's and stays. */
  readonly wasFinished: boolean;
  /** What a repair knows of the export's making. */
  readonly before?: { readonly attempts: number; readonly redone: number };
}

/** Throws SourceDiffers where the export must not have differences, Damaged where a record is not as it must be. */
export async function finalize(
  work: ExportWork,
  { plan, wasFinished, before = { attempts: 0, redone: 0 } }: PackedExport,
  signal: AbortSignal,
): Promise<Omit<ExportResult, "unchanged"> | RefusedParts> {
  const { call, home, destination } = work;
  const { records, tail } = await joinParts(work, plan, signal);
  if (call.options.differences === "fail") await refuseDifferences(work, plan, records, signal);
  const archive = await completeArchive(work, plan, { records, tail }, signal);
  if (archive !== undefined && "refused" in archive) return archive;

  const parts = tail === undefined ? records.parts : [...records.parts, tail.part];
  const tailReceipts = tail === undefined ? [] : [tail.receipt];
  const kept = [...parts, ...records.files, ...records.receipts, ...tailReceipts].map(({ object }) => object);
  const [planBytes, attempts] = await allEnded([
    destination.get(planName, signal),
    countAttempts(destination, plan.parts, signal),
    wasFinished ? Promise.resolve() : removeStale(work, kept, records, signal),
  ]);
  if (planBytes === undefined)
    throw new LongshoreError("Damaged", `${planName} is missing in ${destination.location}`);
  const planFile = { object: planName, size: planBytes.length, sha256: sha256(planBytes) };
  const { request } = plan;
  const proof = proofOf(work, parts, records, plan);
  const manifest: Manifest = {
    ...proof,
    contentDigest: sha256(JSON.stringify(proof)),
    run: {
      name: request.name,
      owner: request.owner,
      source: request.source,
      ...(request.issuer === undefined ? undefined : { issuer: request.issuer }),
      startedAt: request.startedAt,
      plannedAt: plan.plannedAt,
      finishedAt: new Date(home.clock.now()).toISOString(),
      host: home.host,
      versions: { ...home.versions },
      redone: before.redone + attempts.redone,
      attempts: before.attempts + attempts.total,
      reused: records.reused,
      ...(archive === undefined ? undefined : { archive }),
      files: [planFile, ...records.receipts, ...tailReceipts],
    },
  };
  return await putProof(work, manifest, wasFinished, signal);
}

/** What attempts and plans that came to nothing left. */
async function removeStale(
  { call, destination }: ExportWork,
  kept: readonly string[],
  { files }: JoinedRecords,
  signal: AbortSignal,
): Promise<void> {
  await removeStaleRecords(destination, new Set(kept), signal);
  const index = indexOf(files);
  if (call.options.format === "files" && index !== undefined)
    await removeStaleFiles(destination, index, signal);
}

/** What makes it an export; the manifest comes last, and of two processes that finish at once the first one's counts. */
async function putProof(
  work: ExportWork,
  manifest: Manifest,
  wasFinished: boolean,
  signal: AbortSignal,
): Promise<Omit<ExportResult, "unchanged">> {
  const { destination } = work;
  const bytes = documentBytes(manifest);
  const own = { manifest, manifestDigest: sha256(bytes) };
  await putSigned(work, own, signal);
  await destination.flush(["parts", "receipts", "plan", ""], signal);
  if (wasFinished) await destination.put(manifestName, bytes, signal);
  else if (!(await destination.putIfAbsent(manifestName, bytes, signal))) {
    const found = await findExport(destination, signal);
    checkOwnerOf(found, destination, work.call);
    if (found.kind !== "finished")
      throw new LongshoreError("WorkerLost", `${destination.location} was taken away by another process`);
    // Sums and statement of this process stand beside the other one's manifest now.
    await putSigned(work, found, signal);
    return { manifest: found.manifest, manifestDigest: found.manifestDigest };
  }
  return own;
}

/** SHA256SUMS, and the statement if there is a key. */
async function putSigned(
  { call, destination }: ExportWork,
  { manifest, manifestDigest }: Omit<ExportResult, "unchanged">,
  signal: AbortSignal,
): Promise<void> {
  await putSums(destination, manifest, manifestDigest, signal);
  if (call.signer !== undefined) {
    const { name, owner: uid } = manifest.run;
    await putStatement(
      destination,
      { manifest: manifestDigest, namespace: call.namespace ?? "", name, uid },
      call.signer,
      signal,
    );
  }
}

async function joinParts(
  work: ExportWork,
  plan: Plan,
  signal: AbortSignal,
): Promise<{ records: JoinedRecords; tail: Tail | undefined }> {
  const { call, home, destination } = work;
  const format = await home.drivers.format(call.options.format);
  if (format.layout === "files")
    return { records: await joinRecords(destination, plan, undefined, signal), tail: undefined };
  const number = plan.parts.length;
  const { upload } = plan.request;
  const { level } = call.options;
  await using tail = await openTail({ destination, upload, number, format, level }, signal);
  const records = await joinRecords(destination, plan, tail.encoder, signal);
  const place = {
    destination,
    format,
    number,
    offset: records.parts.reduce((sum, part) => sum + part.size, 0),
    keys: plan.parts.map((part) => part.key),
    startedAt: plan.request.startedAt,
  };
  return { records, tail: await finishTail(tail, place, signal) };
}

/** What two exports of the same tree have in common. */
function proofOf(
  { source }: ExportWork,
  parts: ManifestPart[],
  records: JoinedRecords,
  plan: Plan,
): Omit<Manifest, "contentDigest" | "run"> {
  const { options } = plan.request;
  const sum = (value: (part: ManifestPart) => number): number =>
    parts.reduce((total, part) => total + value(part), 0);
  return {
    formatVersion,
    format: options.format,
    options,
    source: { kind: source.kind ?? "filesystem" },
    totals: {
      ...plan.totals,
      uncompressed: sum((part) => part.uncompressedSize),
      archive: sum((part) => part.size),
    },
    differences: records.differences,
    parts,
    files: records.files,
  };
}

/** The receipts with differences go, and the frozen plan, so that the next run looks at the source afresh. */
async function refuseDifferences(
  work: ExportWork,
  plan: Plan,
  records: JoinedRecords,
  signal: AbortSignal,
): Promise<void> {
  const { destination, source } = work;
  const { changed, vanished, unreadable, unsupported } = records.differences;
  const count = changed + vanished + unreadable + unsupported;
  if (count === 0 || records.firstDifference === undefined) return;
  await destination.put(requestName, documentBytes(plan.request), signal);
  for (const part of plan.parts) {
    const receipt = await readReceipt(destination, part.number, signal);
    if ((receipt?.differences.count ?? 0) === 0) continue;
    await destination.remove(receiptName(part.number), signal);
    await destination.remove(draftReceiptName(part.number), signal);
  }
  await destination.remove(planName, signal);
  const first = JSON.parse(records.firstDifference) as {
    path?: string;
    pathBase64?: string;
    difference: string;
  };
  const path = displayName(fromJsonMember(first.path, first.pathBase64) ?? "");
  throw new LongshoreError(
    "SourceDiffers",
    `${count} ${count === 1 ? "entry" : "entries"} of ${source.location} could not be exported as planned (first: ${path}, ${first.difference})`,
  );
}
