/** Joins what the workers left: index fragments, differences, frames of the seek table. No index line is read unless the format asks. */
import { createHash } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { DifferenceCounts, IndexPageTable, ManifestPart } from "../../domain/manifest.ts";
import { receiptName } from "../../domain/part.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Destination } from "../../domain/ports/destination.ts";
import type { TailEncoder } from "../../domain/ports/format.ts";
import type { FileDigest, Receipt } from "../../domain/receipt.ts";
import { sha256 } from "../digest.ts";
import { documentBytes } from "../document.ts";
import { readLines } from "../lines.ts";
import { parseReceipt } from "../receipts.ts";
import { createJoinedObject, type JoinedObject } from "./joined-object.ts";
import { createTailEntries } from "./tail-entries.ts";

export interface JoinedRecords {
  readonly parts: ManifestPart[];
  readonly files: FileDigest[];
  readonly receipts: FileDigest[];
  readonly differences: DifferenceCounts;
  /** The first line of differences.jsonl, if there is one. */
  readonly firstDifference: string | undefined;
  readonly uncompressed: number;
  readonly stored: number;
  readonly reused: number[];
  readonly adopted: Set<number>;
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
  const adopted = new Set<number>();
  const pages: IndexPageTable = { formatVersion: 1, parts: [] };
  const counts: DifferenceCounts = { changed: 0, vanished: 0, unreadable: 0, unsupported: 0 };
  let firstDifference: string | undefined;
  let uncompressed = 0;
  let stored = 0;
  await using index = await createJoinedObject(destination, "index", signal);
  let differences: JoinedObject | undefined;
  const entries = tail?.needsEntries === true ? createTailEntries(tail) : undefined;
  try {
    for (const planned of plan.parts) {
      const { receipt, digest } = await checkedReceipt(destination, planned, signal);
      receipts.push(digest);
      if (receipt.reused) reused.push(receipt.number);
      if (receipt.adopted) adopted.add(receipt.number);
      parts.push(manifestPart(receipt));
      tail?.part(receipt);
      const { fragment, lines } = receipt.index;
      const place = { number: receipt.number, offset: index.size, size: fragment.size, lines };
      pages.parts.push({ ...place, pages: receipt.index.pages });
      const copied = copyFragment(destination, fragment, index, signal);
      if (entries === undefined) for await (const _chunk of copied);
      else await entries.read(readLines(copied, fragment.object, signal), stored);
      if (receipt.differences.fragment !== undefined) {
        differences ??= await createJoinedObject(destination, "differences", signal);
        const text = copyFragment(destination, receipt.differences.fragment, differences, signal);
        firstDifference = await countDifferences(text, counts, firstDifference);
      }
      uncompressed += receipt.uncompressedSize;
      stored += receipt.size;
    }
    entries?.end();
    const files = [...plan.parts.map((part) => part.page), await index.commit("index.jsonl.zst")];
    const table = documentBytes(pages);
    await destination.put("index.pages.json", table, signal);
    files.push({ object: "index.pages.json", size: table.length, sha256: sha256(table) });
    if (differences !== undefined) files.push(await differences.commit("differences.jsonl"));
    return { parts, files, receipts, differences: counts, firstDifference, uncompressed, stored, reused, adopted };
  } finally {
    await differences?.[Symbol.asyncDispose]();
  }
}

async function checkedReceipt(
  destination: Destination,
  planned: Plan["parts"][number],
  signal: AbortSignal,
): Promise<{ receipt: Receipt; digest: FileDigest }> {
  const object = receiptName(planned.number);
  const bytes = await destination.get(object, signal);
  if (bytes === undefined) throw new LongshoreError("Damaged", `${object} is missing in ${destination.location}`);
  const receipt = await parseReceipt(bytes, `${object} in ${destination.location}`);
  if (receipt.key !== planned.key || receipt.number !== planned.number) {
    throw new LongshoreError("Damaged", `${object} in ${destination.location} is of another plan`);
  }
  const isFile = !receipt.object.endsWith("/");
  if (isFile && (await destination.size(receipt.object, signal)) !== receipt.size) {
    throw new LongshoreError("Damaged", `${receipt.object} in ${destination.location} is missing or has another size`);
  }
  return { receipt, digest: { object, size: bytes.length, sha256: sha256(bytes) } };
}

export function manifestPart(receipt: Receipt): ManifestPart {
  const { number, key, object, size, uncompressedSize, startsInside, endsInside, counts } = receipt;
  return {
    number,
    key,
    object,
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

/** Throws Damaged at its end where the fragment is not what the receipt says. */
async function* copyFragment(
  destination: Destination,
  fragment: FileDigest,
  into: JoinedObject,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const chunk of destination.read(fragment.object, { offset: 0, length: fragment.size }, signal)) {
    hash.update(chunk);
    into.write(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== fragment.sha256) {
    throw new LongshoreError("Damaged", `${fragment.object} in ${destination.location} is not what its receipt says`);
  }
}

async function countDifferences(
  text: AsyncIterable<Uint8Array>,
  counts: DifferenceCounts,
  first: string | undefined,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  let found = first;
  for await (const chunk of text) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { difference } = JSON.parse(line) as { difference: keyof DifferenceCounts };
      counts[difference]++;
      found ??= line;
    }
  }
  return found;
}
