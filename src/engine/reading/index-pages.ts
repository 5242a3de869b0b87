/** The page table of the index: where in index.jsonl.zst a path is found. Read whole; about a megabyte for ten million entries. */
import { pageTableName } from "../../domain/record-names.ts";
import { fromJsonMember } from "../../domain/byte-string.ts";
import { IndexPageTable } from "../../domain/manifest.ts";
import { damaged, readDocument } from "./document.ts";
import type { OpenExport } from "./open-export.ts";

/** A run of index lines, one zstd frame. */
export interface Page {
  /** Of its first line. */
  readonly path: string;
  readonly part: number;
  /** In index.jsonl.zst. */
  readonly offset: number;
  readonly size: number;
  readonly lines: number;
}

export interface Index {
  readonly opened: OpenExport;
  readonly table: IndexPageTable;
  readonly pages: readonly Page[];
}

/** More than any page of ours takes; what says it is larger would only fill the memory. */
const largestPage = 16 * 1024 * 1024;

export async function openIndex(opened: OpenExport, signal: AbortSignal): Promise<Index> {
  const { destination, manifest } = opened;
  const name = pageTableName;
  const expected = manifest.files.find((file) => file.object === name);
  const table = await readDocument(destination, { name, schema: IndexPageTable, expected }, signal);
  const pages: Page[] = [];
  for (const part of table.parts) {
    for (const page of part.pages) {
      const path = fromJsonMember(page.path, page.pathBase64);
      if (path === undefined || page.size > largestPage || page.offset + page.size > part.size)
        throw damaged(destination, `${name}: a page of part ${part.number} is malformed`);
      pages.push({
        path,
        part: part.number,
        offset: part.offset + page.offset,
        size: page.size,
        lines: page.lines,
      });
    }
  }
  return { opened, table, pages };
}

/** Number of the page at which to begin looking for the path: the last whose first path is less, since pieces of one file may fill several. */
export function pageBefore(pages: readonly Page[], path: string): number {
  let low = 0;
  let high = pages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const page = pages[middle];
    if (page !== undefined && page.path < path) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
