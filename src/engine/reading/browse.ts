/** One level of an export's tree, a page at a time: what lies deeper is skipped by seeking, however much it is. */
import type { IndexEntry } from "../../domain/plan-line.ts";
import type { Index } from "./index-pages.ts";
import { createSeeker } from "./index-seek.ts";

export interface BrowseQuery {
  /** A byte string that ends in "/", or "" for the root. */
  readonly folder: string;
  /** `next` of the page before. */
  readonly from?: string | undefined;
  /** At most this many, at least 1. */
  readonly limit: number;
}

export interface FolderPage {
  /** In byte order of their paths. */
  readonly children: readonly Child[];
  /** Path of the first child of the next page; missing at the end. */
  readonly next?: string;
}

export interface Child {
  /** From the export's root; a folder's ends in "/". */
  readonly path: string;
  /** Missing where a folder has no entry of its own, as after filters. Of a split file its first piece. */
  readonly entry?: IndexEntry;
}

/** Undefined where there is no such folder. Throws Damaged. */
export async function browseFolder(
  index: Index,
  query: BrowseQuery,
  signal: AbortSignal,
): Promise<FolderPage | undefined> {
  const { folder, limit } = query;
  const seek = createSeeker(index);
  const children: Child[] = [];
  let isThere = folder === "" || query.from !== undefined;
  let key = query.from ?? folder;
  for (;;) {
    const entry = await seek(key, signal);
    if (entry === undefined || !entry.path.startsWith(folder))
      return isThere || children.length > 0 ? { children } : undefined;
    if (entry.path === folder) {
      isThere = true;
      key = behind(folder);
      continue;
    }
    const path = childOf(folder, entry.path);
    if (children.length === limit) return { children, next: path };
    children.push(path === entry.path ? { path, entry } : { path });
    key = path.endsWith("/") ? behindFolder(path) : behind(path);
  }
}

/** The entry of exactly this path. Throws Damaged. */
export async function findIndexed(
  index: Index,
  path: string,
  signal: AbortSignal,
): Promise<IndexEntry | undefined> {
  const entry = await createSeeker(index)(path, signal);
  return entry?.path === path ? entry : undefined;
}

function childOf(folder: string, path: string): string {
  const slash = path.indexOf("/", folder.length);
  return slash < 0 ? path : path.slice(0, slash + 1);
}

/** The least byte string greater than the path: over all pieces of a split file. */
const behind = (path: string): string => `${path}\0`;
/** The least byte string greater than everything in the folder: "0" comes after "/". */
const behindFolder = (path: string): string => `${path.slice(0, -1)}0`;
