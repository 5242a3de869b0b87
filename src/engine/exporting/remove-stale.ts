/** Removes what attempts and plans that came to nothing left in the export's own folders. */
import { filesFolder } from "../../domain/part.ts";
import { differencesName, indexName } from "../../domain/record-names.ts";
import type { Manifest } from "../../domain/manifest.ts";
import { parseIndexLine } from "../../domain/plan-line.ts";
import type { Destination, StoredObject } from "../../domain/ports/destination.ts";
import type { FileDigest } from "../../domain/receipt.ts";
import { allEnded } from "../all-ended.ts";
import { readLines } from "../lines.ts";

/** Parts, receipts and pages that are not among the wanted names. */
export async function removeStaleRecords(
  destination: Destination,
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const removals = ["parts/", "receipts/", "plan/"].map(async (prefix) => {
    for await (const { name } of destination.list(prefix, signal)) {
      if (!wanted.has(name)) await destination.remove(name, signal);
    }
  });
  if (!wanted.has(differencesName)) removals.push(destination.remove(differencesName, signal));
  await allEnded(removals);
}

/** Files of format Files that the index does not have. Both lists are in byte order, so one pass over them is enough. */
export async function removeStaleFiles(
  destination: Destination,
  index: FileDigest,
  signal: AbortSignal,
): Promise<void> {
  const stored = destination.list(filesFolder, signal)[Symbol.asyncIterator]();
  let next: IteratorResult<StoredObject, unknown> = await stored.next();
  const removeUntil = async (name: string | undefined): Promise<void> => {
    while (next.done !== true && (name === undefined || next.value.name < name)) {
      await destination.remove(next.value.name, signal);
      next = await stored.next();
    }
    if (next.done !== true && next.value.name === name) next = await stored.next();
  };
  const range = { offset: 0, length: index.size };
  for await (const lines of readLines(destination.read(index.object, range, signal), index.object, signal)) {
    for (const line of lines) {
      const { path, placement } = parseIndexLine(line);
      if (placement.sha256 !== undefined) await removeUntil(`files/${path}`);
    }
  }
  await removeUntil(undefined);
}

/** Name of the joined index among the files of a manifest. */
export function indexOf(files: Manifest["files"]): FileDigest | undefined {
  return files.find(({ object }) => object === indexName);
}
