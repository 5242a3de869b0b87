/** Ends a zip: its central directory, streamed entry by entry, so that ten million of them take no memory. */
import type { TailEncoder } from "../ports/format.ts";
import { isFile, localSize, memberOf } from "./member.ts";
import { RecordWriter } from "./record-writer.ts";
import { writeCentralHeader, writeEnd } from "./records.ts";
import { sizesOfTarget } from "./target.ts";
import type { Crc32 } from "./target.ts";

/** Makes the encoder of the tail part. */
export function createZipTailEncoder(crc32: Crc32, sink: (bytes: Uint8Array) => void): TailEncoder {
  const out = new RecordWriter(sink);
  let offset = 0;
  let entries = 0;
  return {
    needsEntries: true,
    part(part) {
      offset += part.size;
    },
    entry({ entry, contentOffset, storedSize, crc32: ofContent }) {
      const member = memberOf(entry);
      const sizes = isFile(entry)
        ? { crc32: ofContent, stored: storedSize, uncompressed: entry.size }
        : sizesOfTarget(crc32, member.target);
      writeCentralHeader(out, member, sizes, contentOffset - localSize(entry));
      entries += 1;
    },
    finish() {
      const size = out.offset;
      writeEnd(out, { entries, offset, size });
      const uncompressedSize = out.offset;
      out.flush();
      return { uncompressedSize, frames: [] };
    },
  };
}
