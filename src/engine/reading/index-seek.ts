/** Finds entries of the index by their place in its order, reading one or two pages and parsing few of their lines. */
import { indexName } from "../../domain/record-names.ts";
import { type IndexEntry, parseIndexLine } from "../../domain/plan-line.ts";
import { damaged } from "./document.ts";
import { checkIndexEntry } from "./index-entry-check.ts";
import { readPageText } from "./index-lines.ts";
import { type Index, pageBefore } from "./index-pages.ts";

/**
 * The first entry whose path is not less than `key`, or undefined where all are less; of a split file its first piece.
 * Throws Damaged where the index is not in order. One seeker keeps the page that it read last.
 */
export type SeekEntry = (key: string, signal: AbortSignal) => Promise<IndexEntry | undefined>;

export function createSeeker(index: Index): SeekEntry {
  let held: { readonly number: number; readonly lines: readonly string[] } | undefined;
  const linesOf = async (number: number, signal: AbortSignal): Promise<readonly string[]> => {
    if (held?.number === number) return held.lines;
    const page = index.pages[number];
    if (page === undefined) return [];
    const lines = (await readPageText(index, page, signal)).split("\n");
    if (lines.at(-1) === "") lines.pop();
    held = { number, lines };
    return lines;
  };
  return async (key, signal) => {
    signal.throwIfAborted();
    const number = pageBefore(index.pages, key);
    const entry = firstFrom(index, await linesOf(number, signal), key);
    if (entry !== undefined || number + 1 >= index.pages.length) return entry;
    // The table says that the next page begins at the key or behind it.
    const next = firstFrom(index, (await linesOf(number + 1, signal)).slice(0, 1), key);
    if (next === undefined)
      throw damaged(index.opened.destination, `${indexName} is not in order in page ${number + 1}`);
    return next;
  };
}

/** By bisection: whatever the lines say, what is found is not less than the key. */
function firstFrom(index: Index, lines: readonly string[], key: string): IndexEntry | undefined {
  let low = 0;
  let high = lines.length;
  let found: IndexEntry | undefined;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entryOf(index, lines[middle] ?? "");
    if (entry.path < key) low = middle + 1;
    else {
      high = middle;
      found = entry;
    }
  }
  return found;
}

function entryOf(index: Index, line: string): IndexEntry {
  try {
    const entry = parseIndexLine(line);
    checkIndexEntry(entry);
    return entry;
  } catch (cause) {
    throw damaged(index.opened.destination, `${indexName} has a malformed line`, cause);
  }
}
