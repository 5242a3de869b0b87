/** Checks the records of an export: each against the manifest, and all against one another. */
import { manifestName, pageTableName } from "../../domain/record-names.ts";
import { createHash } from "node:crypto";
import { undefinedIf } from "../../domain/errors.ts";
import type { ManifestPart } from "../../domain/manifest.ts";
import { archiveObject, receiptName } from "../../domain/part.ts";
import { byteStringOfText } from "../../domain/byte-string.ts";
import type { Receipt } from "../../domain/receipt.ts";
import { parseIndexLine } from "../../domain/plan-line.ts";
import { partObject } from "../reading/archive-parts.ts";
import { damaged } from "../reading/document.ts";
import { readPageText } from "../reading/index-lines.ts";
import type { Index } from "../reading/index-pages.ts";
import { type OpenManifest, provenReceipt } from "../reading/open-export.ts";
import { checkObject, fewAtATime } from "./hash-object.ts";
import type { ProblemLog } from "./report.ts";
import type { Verification } from "./verification.ts";

/** The manifest against itself: its content digest and its sums. */
export function checkManifest(opened: OpenManifest, log: ProblemLog): void {
  const { manifest, rawManifest } = opened;
  const contradiction = (message: string): void =>
    log.add({ kind: "document", object: manifestName, message });
  const { contentDigest: _digest, run: _run, ...content } = rawManifest;
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  if (digest !== manifest.contentDigest) contradiction("its contentDigest is not that of its content");
  const sum = (of: (part: ManifestPart) => number): number =>
    manifest.parts.reduce((total, part) => total + of(part), 0);
  if (sum((part) => part.files) !== manifest.totals.files)
    contradiction("totals.files is not the sum of its parts");
  if (sum((part) => part.content) !== manifest.totals.content)
    contradiction("totals.content is not the sum of its parts");
  if (sum((part) => part.size) !== manifest.totals.archive)
    contradiction("totals.archive is not the sum of its parts");
  if (manifest.format !== "files" && manifest.parts.at(-1)?.tail !== true)
    contradiction("its last part is not the tail of the archive");
}

/** Every listed file but the parts. */
export async function checkRecords(
  { opened, log, onBytes }: Verification,
  signal: AbortSignal,
): Promise<void> {
  const { manifest, destination } = opened;
  await fewAtATime(
    [...manifest.files, ...manifest.run.files],
    async (file) => {
      const problem = await checkObject(
        destination,
        { ...file, object: byteStringOfText(file.object) },
        onBytes,
        signal,
      );
      if (problem !== undefined) log.add(problem);
    },
    signal,
  );
}

/** What each receipt vouches for must be what the manifest and the page table say. */
export async function checkReceipts(index: Index, log: ProblemLog, signal: AbortSignal): Promise<void> {
  const { opened } = index;
  const listed = new Set(opened.manifest.run.files.map(({ object }) => object));
  const tables = new Map(index.table.parts.map((part) => [part.number, part]));
  await fewAtATime(
    opened.manifest.parts.filter((part) => !part.tail),
    async (part) => {
      const object = receiptName(part.number);
      if (!listed.has(object)) {
        // One that is there though it is not listed is named with all that nobody vouches for.
        if ((await opened.destination.size(object, signal)) === undefined)
          log.add({ kind: "missing", object, message: "is missing" });
        return;
      }
      // What is damaged or missing was named with the other records.
      const receipt = await provenReceipt(opened, part.number, signal).catch(undefinedIf("Damaged"));
      if (receipt === undefined) return;
      const { index: lines } = receipt;
      const table = tables.get(part.number);
      if (!agree(receipt, part))
        log.add({ kind: "document", object, message: `contradicts ${manifestName}` });
      if (table === undefined || table.lines !== lines.lines || table.size !== lines.fragment.size)
        log.add({ kind: "document", object, message: `contradicts ${pageTableName}` });
    },
    signal,
  );
}

function agree(receipt: Receipt, part: ManifestPart): boolean {
  const { counts, frames } = receipt;
  const sum = (which: 0 | 1): number => frames.reduce((total, frame) => total + frame[which], 0);
  const framesFit = frames.length === 0 || (sum(0) === part.size && sum(1) === part.uncompressedSize);
  const same = ["number", "key", "size", "sha256", "uncompressedSize", "startsInside", "endsInside"] as const;
  const object = receipt.object === archiveObject ? partObject(receipt.number) : receipt.object;
  if (!framesFit || object !== part.object || !same.every((name) => receipt[name] === part[name]))
    return false;
  return (
    receipt.index.lines === part.entries && counts.files === part.files && counts.content === part.content
  );
}

/** Each page of the index must have the lines that the table says, the first with the path that it is found by. */
export async function checkIndexLines(index: Index, log: ProblemLog, signal: AbortSignal): Promise<void> {
  const { destination } = index.opened;
  const counted = new Map<number, number>();
  let last = "";
  for (const page of index.pages) {
    signal.throwIfAborted();
    const text = await readPageText(index, page, signal);
    const lines = countLines(text);
    counted.set(page.part, (counted.get(page.part) ?? 0) + lines);
    const path = firstPath(text);
    if (lines !== page.lines || path !== page.path || path < last)
      throw damaged(destination, `${pageTableName} does not fit the index at byte ${page.offset}`);
    last = path;
  }
  for (const part of index.table.parts) {
    if ((counted.get(part.number) ?? 0) === part.lines) continue;
    log.add({
      kind: "document",
      object: pageTableName,
      message: `has not all ${part.lines} lines of part ${part.number}`,
    });
  }
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

function firstPath(text: string): string {
  try {
    return parseIndexLine(text.slice(0, text.indexOf("\n"))).path;
  } catch {
    return "";
  }
}
