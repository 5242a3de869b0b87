/**
 * Restores entries of an export into a folder, in two passes over the index so that memory stays flat: first folders, files,
 * hard links and special files; then symbolic links, and each folder's metadata when everything in it is done.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { IndexEntry } from "../../domain/plan-line.ts";
import type { WholeEntry } from "../reading/index-lines.ts";
import { selectedEntries } from "../reading/selection.ts";
import { ContentPass } from "./content-pass.ts";
import type { ExtractNotice, ExtractOptions, ExtractReport } from "./extract-options.ts";
import { extractionError } from "./extraction-error.ts";
import { FolderClosing } from "./folder-closing.ts";
import { makeSymbolicLink } from "./make-entry.ts";
import { placeOf } from "./place.ts";
import { TargetFolder } from "./target-folder.ts";

/** Throws TargetUnsafe or Damaged where an entry would be written outside the folder, and whatever the target refuses altogether. */
export async function extract(options: ExtractOptions, signal: AbortSignal): Promise<ExtractReport> {
  const counts = { entries: 0, bytes: 0, difference: 0, damaged: 0, failed: 0, leftOut: 0, missing: 0 };
  const totalBytes = options.index.opened.manifest.totals.content;
  const notice = async (what: ExtractNotice): Promise<void> => {
    counts[what.kind] += 1;
    if (!what.written) counts.missing += 1;
    if (!what.written && what.kind === "difference") counts.leftOut += 1;
    await options.onNotice(what);
  };
  using target = openTarget(options.folder);
  const contents = openContentPass(options, target, (length) => {
    counts.bytes += length;
    options.onProgress?.({ bytes: counts.bytes, totalBytes });
  });
  await eachEntry(options, signal, async (whole) => {
    counts.entries += 1;
    const problem = await attempt(target, whole.entry, () => contents.make(whole, signal));
    if (problem !== undefined) await notice(problem);
  });
  const folders = new FolderClosing(target);
  await eachEntry(options, signal, async ({ entry }) => {
    for (const problem of folders.leaveUntil(entry.path)) await notice(problem);
    if (entry.type === "directory") folders.enter(entry);
    if (entry.type !== "symlink" || (entry.placement.difference ?? "changed") !== "changed") return;
    const problem = await attempt(target, entry, () => {
      const { folder, name } = placeOf(entry);
      makeSymbolicLink(target.open(folder), name, entry);
      return undefined;
    });
    if (problem !== undefined) await notice(problem);
  });
  for (const problem of folders.leaveUntil("")) await notice(problem);
  return {
    entries: counts.entries,
    restored: counts.entries - counts.missing,
    bytes: counts.bytes,
    differences: counts.difference,
    leftOut: counts.leftOut,
    damaged: counts.damaged,
    failed: counts.failed,
  };
}

function openTarget(folder: string): TargetFolder {
  try {
    return new TargetFolder(folder);
  } catch (error) {
    throw extractionError(error, folder, "");
  }
}

function openContentPass(
  options: ExtractOptions,
  target: TargetFolder,
  onBytes: (length: number) => void,
): ContentPass {
  try {
    return new ContentPass(options, target, onBytes);
  } catch (error) {
    throw extractionError(error, options.folder, "");
  }
}

async function eachEntry(
  { index, selection }: ExtractOptions,
  signal: AbortSignal,
  take: (whole: WholeEntry) => Promise<void>,
): Promise<void> {
  for await (const batch of selectedEntries(index, selection, signal)) {
    for (const whole of batch) {
      signal.throwIfAborted();
      await take(whole);
    }
    await turn(undefined, { signal });
  }
}

/** What one entry's making came to; only what concerns the whole extraction is thrown. */
async function attempt(
  target: TargetFolder,
  entry: IndexEntry,
  make: () => Promise<ExtractNotice | undefined> | ExtractNotice | undefined,
): Promise<ExtractNotice | undefined> {
  try {
    return await make();
  } catch (cause) {
    const error = extractionError(cause, target.location, entry.path);
    if (error.code !== "EntryNotMade") throw error;
    return { kind: "failed", path: entry.path, written: false, message: error.message };
  }
}
