/** A finished export as downloads see it, with what they share. */
import { type Index, openIndex } from "../reading/index-pages.ts";
import type { OpenExport, ReadingFormat } from "../reading/open-export.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import type { DecoderSlots } from "./decoder-slots.ts";
import { ExportFrames } from "./frame-segment.ts";
import { type MetalinkPage, metalinkPages } from "./metalink-pages.ts";
import type { ProvenObjects } from "./proven-objects.ts";
import type { SeenObjects } from "./seen-objects.ts";
import { SharedLoad } from "./shared-load.ts";

/** What all exports of one server share. */
export interface SharedByExports {
  readonly chunks: ChunkCache;
  readonly proven: ProvenObjects;
  readonly seen: SeenObjects;
  readonly slots: DecoderSlots;
}

export interface ServedExport {
  readonly opened: OpenExport;
  readonly format: ReadingFormat;
  readonly shared: SharedByExports;
  /** Keeps exports apart in the cache of chunks. */
  readonly id: string;
  /** Undefined where its parts are no streams of frames. */
  readonly frames: ExportFrames | undefined;
  readonly index: SharedLoad<Index>;
  readonly metalink: SharedLoad<readonly MetalinkPage[]>;
}

let count = 0;

export function serveExport(
  opened: OpenExport,
  format: ReadingFormat,
  shared: SharedByExports,
): ServedExport {
  const id = String(count++);
  const isStream = format.layout === "archive" && format.offsets === "stream";
  const index = new SharedLoad((signal) => openIndex(opened, signal));
  return {
    opened,
    format,
    shared,
    id,
    frames: isStream ? new ExportFrames(opened, format, { id, chunks: shared.chunks }) : undefined,
    index,
    metalink: new SharedLoad((signal) => metalinkPages(opened, { format, index }, signal)),
  };
}
