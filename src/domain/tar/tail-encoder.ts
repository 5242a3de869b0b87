/** Ends a tar: two zero records (POSIX), as one frame, so that everything before stays as it was packed. */
import type { TailEncoder } from "../ports/format.ts";
import type { SeekTable } from "../zstd/seek-table.ts";
import type { FrameCodec } from "./frame-writer.ts";
import { recordSize } from "./header.ts";

const endOfArchive = 2 * recordSize;

/** The tail of every tar; `table` makes what follows it, from the stored and uncompressed size of every frame. */
export function createTarTailEncoder(
  codec: FrameCodec,
  sink: (bytes: Uint8Array) => void,
  table?: SeekTable,
): TailEncoder {
  return {
    needsEntries: false,
    part(part) {
      if (table !== undefined)
        for (const [stored, uncompressed] of part.frames) table.add(stored, uncompressed);
    },
    entry() {},
    finish() {
      const stored = codec(new Uint8Array(endOfArchive));
      sink(stored);
      const frames: [number, number][] = [[stored.length, endOfArchive]];
      if (table !== undefined) {
        table.add(stored.length, endOfArchive);
        const bytes = table.finish();
        sink(bytes);
        frames.push([bytes.length, 0]);
      }
      return { uncompressedSize: endOfArchive, frames };
    },
  };
}
