/** Joins what the workers left: index fragments, differences, frames of the seek table. No index line is read unless the format asks. */
import { indexName, pageTableName } from "../../domain/record-names.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { DifferenceCounts, IndexPageTable, ManifestPart } from "../../domain/manifest.ts";
import { archiveObject, isObjectName, receiptName } from "../../domain/part.ts";
import type { Plan } from "../../domain/plan.ts";
import type { ArchiveUpload, StoredPart } from "../../domain/ports/archive-uploads.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { TailEncoder } from "../../domain/ports/format.ts";
import type { FileDigest, Receipt, SentPart } from "../../domain/receipt.ts";
import { allEnded } from "../all-ended.ts";
import { ahead } from "../ahead.ts";
import { sha256 } from "../digest.ts";
import { documentBytes } from "../document.ts";
import { readLines } from "../lines.ts";
import { isOfUpload, parseReceipt } from "../receipts.ts";
import { copyFragment } from "./copy-fragment.ts";
import { createJoinedObject } from "./joined-object.ts";
import { JoinedDifferences } from "./joined-differences.ts";
import { createTailEntries } from "./tail-entries.ts";

export interface JoinedRecords {
  readonly parts: ManifestPart[];
  readonly files: FileDigest[];
  readonly receipts: FileDigest[];
  readonly differences: DifferenceCounts;
  /** The first line of differences.jsonl, if there is one. */
  readonly firstDifference: string | undefined;
  /** Numbers of the parts taken over from an earlier export. */
  readonly reused: number[];
  /** What the store said of each part, where they were sent into an upload. */
  readonly stored: StoredPart[];
}

/** Throws Damaged where a receipt is missing, does not fit the plan, or vouches for what is not there. */
export async function joinRecords(
  destination: Destination,
  plan: Plan,
  tail: TailEncoder | undefined,
  signal: AbortSignal,
): Promise<JoinedRecords> {
  const parts: ManifestPart[] = [];
  const receipts: FileDigest[] = [];
  const reused: number[] = [];
  const sent: StoredPart[] = [];
  const table: IndexPageTable = { formatVersion: 1, parts: [] };
  let stored = 0;
  await using index = await createJoinedObject(destination, "index", signal);
  await using differences = new JoinedDifferences(destination);
  const entries = tail?.needsEntries === true ? createTailEntries(tail) : undefined;
  const fetch = (planned: Plan["parts"][number]): Promise<FetchedPart> =>
    fetchPart(destination, planned, plan.request.upload, signal);
  for await (const { receipt, digest, fetched } of ahead(plan.parts, fetchedAhead, fetch)) {
    receipts.push(digest);
    if (receipt.reused) reused.push(receipt.number);
    parts.push(manifestPart(receipt, stored));
    if (receipt.sent !== undefined) sent.push(storedPart(receipt, receipt.sent));
    tail?.part(receipt);
    const { fragment, lines, pages } = receipt.index;
    table.parts.push({ number: receipt.number, offset: index.size, size: fragment.size, lines, pages });
    const copied = copyFragment(destination, { ...fragment, fetched }, index, signal);
    await (entries?.read(readLines(copied, fragment.object, signal), stored) ?? drain(copied));
    await differences.add(receipt.differences.fragment, signal);
    stored += receipt.size;
  }
  entries?.end();
  const tableBytes = documentBytes(table);
  const [joined, differing] = await allEnded([
    index.commit(indexName),
    differences.commit(),
    destination.put(pageTableName, tableBytes, signal),
  ]);
  const tableFile = { object: pageTableName, size: tableBytes.length, sha256: sha256(tableBytes) };
  const files = [...plan.parts.map((part) => part.page), joined, tableFile, ...differing];
  return {
    parts,
    files,
    receipts,
    differences: differences.counts,
    firstDifference: differences.first,
    reused,
    stored: sent,
  };
}

/** Parts whose records are read before their turn; only small index lines are held. */
const fetchedAhead = 16;
const smallFragment = 256 * 1024;

interface FetchedPart {
  readonly receipt: Receipt;
  readonly digest: FileDigest;
  readonly fetched: readonly Uint8Array[] | undefined;
}

async function fetchPart(
  destination: Destination,
  planned: Plan["parts"][number],
  upload: ArchiveUpload | undefined,
  signal: AbortSignal,
): Promise<FetchedPart> {
  const checked = await checkedReceipt(destination, planned, upload, signal);
  const { object, size } = checked.receipt.index.fragment;
  if (size > smallFragment) return { ...checked, fetched: undefined };
  return {
    ...checked,
    fetched: await Array.fromAsync(destination.read(object, { offset: 0, length: size }, signal)),
  };
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of bytes);
}

async function checkedReceipt(
  destination: Destination,
  planned: Plan["parts"][number],
  upload: ArchiveUpload | undefined,
  signal: AbortSignal,
): Promise<{ receipt: Receipt; digest: FileDigest }> {
  const object = receiptName(planned.number);
  const bytes = await destination.get(object, signal);
  if (bytes === undefined)
    throw new LongshoreError("Damaged", `${object} is missing in ${destination.location}`);
  const receipt = await parseReceipt(bytes, `${object} in ${destination.location}`);
  if (receipt.key !== planned.key || receipt.number !== planned.number || !isOfUpload(receipt, upload)) {
    throw new LongshoreError("Damaged", `${object} in ${destination.location} is of another plan`);
  }
  const isFile = isObjectName(receipt.object);
  if (isFile && (await destination.size(receipt.object, signal)) !== receipt.size) {
    throw new LongshoreError(
      "Damaged",
      `${receipt.object} in ${destination.location} is missing or has another size`,
    );
  }
  return { receipt, digest: { object, size: bytes.length, sha256: sha256(bytes) } };
}

/** What the store said of a part that was sent into an upload. */
export const storedPart = ({ number, size }: Receipt, { etag, checksum }: SentPart): StoredPart => ({
  number,
  size,
  etag,
  ...(checksum === undefined ? undefined : { sha256: checksum }),
});

/** `offset` is where it begins in the archive. */
export function manifestPart(receipt: Receipt, offset: number): ManifestPart {
  const { number, key, object, size, uncompressedSize, startsInside, endsInside, counts } = receipt;
  return {
    number,
    key,
    object,
    ...(object === archiveObject ? { offset } : undefined),
    size,
    sha256: receipt.sha256,
    uncompressedSize,
    entries: receipt.index.lines,
    files: counts.files,
    content: counts.content,
    startsInside,
    endsInside,
    tail: false,
  };
}
