/** The lines of the index as entries: all of them, or those of one path or one folder, reading only the pages needed. */
import { indexName } from "../../domain/record-names.ts";
import { zstdDecompressSync } from "node:zlib";
import type { LongshoreError } from "../../domain/errors.ts";
import { type IndexEntry, parseIndexLine } from "../../domain/plan-line.ts";
import { damaged } from "./document.ts";
import { checkIndexEntry } from "./index-entry-check.ts";
import { type Index, type Page, pageBefore } from "./index-pages.ts";
import { readRange } from "./range.ts";

/** One line of the index: an entry, or one piece of a split file, and the part that holds it. */
export interface IndexedEntry {
  readonly part: number;
  readonly entry: IndexEntry;
}

/** An entry with all the pieces it was cut into; most have one. */
export interface WholeEntry {
  readonly entry: IndexEntry;
  readonly pieces: readonly IndexedEntry[];
}

/** A page may exceed its megabyte by one line; anything more is an attempt to fill the memory. */
const largestText = 8 * 1024 * 1024;

/** Everything, in order, a page at a time. */
export async function* allEntries(index: Index, signal: AbortSignal): AsyncGenerator<readonly WholeEntry[]> {
  yield* entriesUnder(index, "", signal);
}

/** What begins with the prefix, in order: a folder's own entry and everything in it where the prefix ends in "/". */
export async function* entriesUnder(
  index: Index,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<readonly WholeEntry[]> {
  yield* joinPieces(index, linesUnder(index, prefix, signal));
}

/** The entry of exactly this path. */
export async function findEntry(
  index: Index,
  path: string,
  signal: AbortSignal,
): Promise<WholeEntry | undefined> {
  for await (const batch of entriesUnder(index, path, signal))
    return batch.find(({ entry }) => entry.path === path);
  return undefined;
}

/** The lines of one part, a page at a time. */
export async function* linesOfPart(
  index: Index,
  part: number,
  signal: AbortSignal,
): AsyncGenerator<readonly IndexedEntry[]> {
  for (const page of index.pages) if (page.part === part) yield readPage(index, page, signal);
}

async function* linesUnder(
  index: Index,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<readonly IndexedEntry[]> {
  for (let i = pageBefore(index.pages, prefix); i < index.pages.length; i++) {
    const page = index.pages[i];
    if (page === undefined || (page.path > prefix && !page.path.startsWith(prefix))) return;
    const lines = await readPage(index, page, signal);
    const matching = prefix === "" ? lines : lines.filter(({ entry }) => entry.path.startsWith(prefix));
    if (matching.length > 0) yield matching;
  }
}

/** The page's text: whole lines, in byte order of their paths. */
export async function readPageText(index: Index, page: Page, signal: AbortSignal): Promise<string> {
  const { destination } = index.opened;
  const name = indexName;
  const stored = await readRange(destination, { name, offset: page.offset, length: page.size }, signal);
  try {
    return zstdDecompressSync(stored, { maxOutputLength: largestText }).toString("utf8");
  } catch (cause) {
    throw damaged(destination, `${name} is damaged at byte ${page.offset}`, cause);
  }
}

export async function readPage(index: Index, page: Page, signal: AbortSignal): Promise<IndexedEntry[]> {
  const text = await readPageText(index, page, signal);
  const entries: IndexedEntry[] = [];
  try {
    for (let from = 0; from < text.length;) {
      const end = text.indexOf("\n", from);
      const entry = parseIndexLine(text.slice(from, end < 0 ? text.length : end));
      checkIndexEntry(entry);
      entries.push({ part: page.part, entry });
      from = end < 0 ? text.length : end + 1;
    }
  } catch (cause) {
    throw damaged(
      index.opened.destination,
      `${indexName} has a malformed line in the page at byte ${page.offset}`,
      cause,
    );
  }
  return entries;
}

async function* joinPieces(
  index: Index,
  batches: AsyncIterable<readonly IndexedEntry[]>,
): AsyncGenerator<readonly WholeEntry[]> {
  /** The last file of the batch before, where it is split: more pieces of it may follow. */
  let open: IndexedEntry[] = [];
  const most = index.opened.parts.size;
  for await (const batch of batches) {
    const whole: WholeEntry[] = [];
    for (const line of batch) {
      if (isNextPiece(open, line)) {
        open.push(line);
        continue;
      }
      whole.push(...joined(open));
      if (line.entry.piece === undefined) whole.push({ entry: line.entry, pieces: [line] });
      open = line.entry.piece === undefined ? [] : [line];
    }
    if (open.length > most) throw tooManyPieces(index);
    if (whole.length > 0) yield whole;
  }
  const last = joined(open);
  if (last.length > 0) yield last;
}

function isNextPiece([first]: readonly IndexedEntry[], { entry }: IndexedEntry): boolean {
  return first !== undefined && entry.piece !== undefined && entry.path === first.entry.path;
}

function joined(pieces: readonly IndexedEntry[]): WholeEntry[] {
  const [first] = pieces;
  return first === undefined ? [] : [{ entry: first.entry, pieces }];
}

const tooManyPieces = (index: Index): LongshoreError =>
  damaged(index.opened.destination, "the index has more pieces of a file than there are parts");
