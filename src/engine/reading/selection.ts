/** Which entries a person means by the paths they name. */
import { displayName } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { allEntries, entriesUnder, findEntry, type WholeEntry } from "./index-lines.ts";
import type { Index } from "./index-pages.ts";

/** One entry, or a folder ("…/") with everything in it. In order, none inside another; undefined means everything. */
export type Selection = readonly string[] | undefined;

/** Finds every path before anything is done with one. Throws EntryNotFound, which names it. */
export async function select(index: Index, paths: readonly string[], signal: AbortSignal): Promise<Selection> {
  if (paths.length === 0) return undefined;
  const found: string[] = [];
  for (const path of paths) {
    const bare = path.replace(/^(\.?\/+)+/, "").replace(/\/+$/, "");
    if (bare === "" || bare === ".") return undefined;
    const entry = path.endsWith("/") ? undefined : await findEntry(index, bare, signal);
    if (entry !== undefined) found.push(bare);
    else if (await isFolder(index, `${bare}/`, signal)) found.push(`${bare}/`);
    else throw new LongshoreError("EntryNotFound", `${index.opened.destination.location} holds no ${displayName(path)}`);
  }
  found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const kept: string[] = [];
  for (const path of found) if (!isSelected(kept, path)) kept.push(path);
  return kept;
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
