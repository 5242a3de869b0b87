/** A Metalink 4 document (RFC 5854): what there is to download, how large it is, and what it must hash to. */
import { LongshoreError } from "../../domain/errors.ts";
import type { Blob, Segment } from "./blob.ts";
import { bytesSegment } from "./bytes-segment.ts";
import { entityTag } from "./entity-tag.ts";
import { metalinkType } from "./media-types.ts";
import {
  escaped,
  escapedLinks,
  metalinkFile,
  type EscapedLinks,
  type MetalinkLinks,
} from "./metalink-file.ts";
import type { MetalinkPage } from "./metalink-pages.ts";
import { openSegments, startsOf } from "./segment-reader.ts";
import type { ServedExport } from "./served-export.ts";

export interface MetalinkRequest {
  readonly fileName: string;
  readonly links: MetalinkLinks;
}

/** Throws Damaged. */
export async function metalinkBlob(
  served: ServedExport,
  { fileName, links }: MetalinkRequest,
  signal: AbortSignal,
): Promise<Blob> {
  const { manifest, manifestSha256 } = served.opened;
  const around = escapedLinks(links);
  const etag = entityTag("metalink", manifestSha256, around.before, around.after);
  const pages = await served.metalink.get(signal);
  const segments = [
    bytesSegment(Buffer.from(head(manifest.run.finishedAt))),
    ...pages.map((page, number) => pageSegment(served, { page, around, key: `${etag}/${number}` })),
    bytesSegment(Buffer.from("</metalink>\n")),
  ];
  const starts = startsOf(segments);
  return {
    size: starts.at(-1) ?? 0,
    etag,
    contentType: metalinkType,
    fileName,
    lastModified: new Date(manifest.run.finishedAt),
    open: () => openSegments(segments, starts),
  };
}

const head = (published: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink">
  <generator>Longshore</generator>
  <published>${escaped(published)}</published>
`;

interface LinkedPage {
  readonly page: MetalinkPage;
  readonly around: EscapedLinks;
  readonly key: string;
}

function pageSegment({ shared, id }: ServedExport, { page, around, key }: LinkedPage): Segment {
  const length = page.bytes + page.files * Buffer.byteLength(around.before + around.after);
  const make = async (signal: AbortSignal): Promise<Uint8Array> => {
    const files = await page.list(signal);
    const bytes = Buffer.from(files.map((file) => metalinkFile(file, around)).join(""));
    if (bytes.length === length) return bytes;
    throw new LongshoreError("Damaged", "the index changed while a metalink was made of it");
  };
  return {
    length,
    open: () => ({
      read: (into, from, signal) => shared.chunks.copy({ key: `${id}/${key}`, make }, { into, from }, signal),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
}
