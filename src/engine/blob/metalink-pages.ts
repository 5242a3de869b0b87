/**
 * The files of a Metalink document in pages whose length is known before they are made, so that a document of millions of
 * files can be asked for by range and is never held whole: a first pass over the index counts, once for each export.
 */
import { byteStringOfText } from "../../domain/byte-string.ts";
import { number8 } from "../../domain/part.ts";
import { archiveName } from "../join.ts";
import { fileObject } from "../reading/content.ts";
import { type IndexedEntry, readPage } from "../reading/index-lines.ts";
import type { Index } from "../reading/index-pages.ts";
import type { OpenExport, ReadingFormat } from "../reading/open-export.ts";
import { isPiece } from "../reading/archive-parts.ts";
import { isSafePath } from "../reading/safe-path.ts";
import { type MetalinkFile, metalinkFile, noLinks } from "./metalink-file.ts";
import type { SharedLoad } from "./shared-load.ts";

export interface MetalinkPage {
  readonly files: number;
  /** Of its text without what stands around the path in each file's URL. */
  readonly bytes: number;
  readonly list: (signal: AbortSignal) => Promise<readonly MetalinkFile[]>;
}

/** Throws Damaged. */
export async function metalinkPages(
  opened: OpenExport,
  { format, index }: { readonly format: ReadingFormat; readonly index: SharedLoad<Index> },
  signal: AbortSignal,
): Promise<readonly MetalinkPage[]> {
  const pages: MetalinkPage[] = [];
  const lists =
    format.layout === "files" ? keptFiles(await index.get(signal)) : joinedAndParts(opened, format.extension);
  for (const list of lists) {
    const files = await list(signal);
    const bytes = files.reduce((sum, file) => sum + Buffer.byteLength(metalinkFile(file, noLinks)), 0);
    if (files.length > 0) pages.push({ files: files.length, bytes, list });
  }
  return pages;
}

type List = MetalinkPage["list"];

const partsPerPage = 500;

/** The archive first, so that one number chooses it or all the others. */
function joinedAndParts(opened: OpenExport, extension: string): readonly List[] {
  const { manifest } = opened;
  const name = byteStringOfText(archiveName(opened, extension));
  const only = manifest.parts.length === 1 ? manifest.parts[0]?.sha256 : undefined;
  const archive: MetalinkFile = { name, size: manifest.totals.archive, sha256: only, path: name };
  const lists: List[] = [async () => [archive]];
  for (let from = 0; from < manifest.parts.length; from += partsPerPage) {
    const parts = manifest.parts.slice(from, from + partsPerPage);
    lists.push(async () =>
      parts.map(({ object, size, sha256, number }) => ({
        name: isPiece({ number, object })
          ? `parts/${number8(number)}.${extension}`
          : byteStringOfText(object),
        size,
        sha256,
        path: `parts/${number}`,
      })),
    );
  }
  return lists;
}

/** Page by page of the index, which is read again each time. */
function keptFiles(index: Index): readonly List[] {
  return index.pages.map((page) => async (signal) => (await readPage(index, page, signal)).flatMap(keptFile));
}

function keptFile({ entry }: IndexedEntry): MetalinkFile[] {
  const { path, placement, type } = entry;
  if (!isSafePath(path)) return [];
  const file = { name: path, path: fileObject(path) };
  if (type === "hardlink") return [file];
  if (type !== "file" || placement.sha256 === undefined) return [];
  return [{ ...file, size: placement.size ?? entry.size, sha256: placement.sha256 }];
}
