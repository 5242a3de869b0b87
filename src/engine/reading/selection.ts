/** Which entries a person means by the paths they name. */
import { byteStringOfText, displayName } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { allEntries, entriesUnder, findEntry, type WholeEntry } from "./index-lines.ts";
import type { Index } from "./index-pages.ts";
import { meanings } from "./shown-name.ts";

/** One entry, or a folder ("…/") with everything in it. In order, none inside another; undefined means everything. */
export type Selection = readonly string[] | undefined;

/** Finds every path, as a person typed it, before anything is done with one. Throws EntryNotFound, which names it. */
export async function select(
  index: Index,
  typed: readonly string[],
  signal: AbortSignal,
): Promise<Selection> {
  const found: string[] = [];
  for (const path of typed) {
    const chosen = await findTyped(index, path, signal);
    if (chosen === undefined)
      throw new LongshoreError(
        "EntryNotFound",
        `${index.opened.destination.location} holds no ${displayName(byteStringOfText(path))}`,
      );
    found.push(chosen);
  }
  if (found.length === 0 || found.includes("")) return undefined;
  found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const kept: string[] = [];
  for (const path of found) if (!isSelected(kept, path)) kept.push(path);
  return kept;
}

/** The entry's path, or the folder's ending in "/", or "" for everything. */
async function findTyped(index: Index, typed: string, signal: AbortSignal): Promise<string | undefined> {
  for (const path of meanings(typed)) {
    const bare = path.replace(/^(?:\.?\/+)+/, "").replace(/\/+$/, "");
    if (bare === "." || (bare === "" && path !== "")) return "";
    if (bare === "") continue;
    if (!path.endsWith("/") && (await findEntry(index, bare, signal)) !== undefined) return bare;
    if (await isFolder(index, `${bare}/`, signal)) return `${bare}/`;
  }
  return undefined;
}

export function isSelected(selection: Selection, path: string): boolean {
  if (selection === undefined) return true;
  return selection.some((chosen) => chosen === path || (chosen.endsWith("/") && path.startsWith(chosen)));
}

/** The selected entries in order, a batch at a time. */
export async function* selectedEntries(
  index: Index,
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<readonly WholeEntry[]> {
  if (selection === undefined) {
    yield* allEntries(index, signal);
    return;
  }
  for (const path of selection) {
    if (path.endsWith("/")) {
      yield* entriesUnder(index, path, signal);
      continue;
    }
    const entry = await findEntry(index, path, signal);
    if (entry !== undefined) yield [entry];
  }
}

async function isFolder(index: Index, prefix: string, signal: AbortSignal): Promise<boolean> {
  for await (const batch of entriesUnder(index, prefix, signal)) return batch.length > 0;
  return false;
}
