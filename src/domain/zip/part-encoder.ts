/** Packs one part of a zip: entries one after another, each block of 4 MiB of content deflated by itself. */
import type { PlannedEntry } from "../entry.ts";
import { contentLength } from "../entry.ts";
import type { EntryClosing, PartEncoder } from "../ports/format.ts";
import { beginsHere, endsHere, hasZip64Sizes, isFile, memberOf, zipSize } from "./member.ts";
import { RecordWriter } from "./record-writer.ts";
import { writeDescriptor, writeLocalHeader } from "./records.ts";
import { sizesOfTarget } from "./target.ts";
import type { Crc32 } from "./target.ts";

/** Content that is deflated in one go, and so the most that one worker holds of it. */
const blockSize = 4 * 1024 * 1024;

export interface ZipCodecs {
  /**
   * Raw deflate (RFC 1951) of one block, ended by a full flush so that the next joins at a whole byte and looks back at
   * nothing; the last block of an entry ends the stream.
   */
  readonly deflate: (block: Uint8Array, last: boolean) => Uint8Array;
  readonly crc32: Crc32;
}

/** Makes the encoder of one part. */
export function createZipPartEncoder(codecs: ZipCodecs, sink: (bytes: Uint8Array) => void): PartEncoder {
  const out = new RecordWriter(sink);
  const block = new Uint8Array(blockSize);
  let uncompressedSize = 0;
  let current: PlannedEntry | undefined;
  let filled = 0;
  let contentOffset = 0;
  /** Content still to come in this part; with none left and the file ending here, a block is the last. */
  let rest = 0;

  function deflateBlock(entry: PlannedEntry): void {
    out.bytes(codecs.deflate(block.subarray(0, filled), rest === 0 && endsHere(entry)));
    filled = 0;
  }

  function begin(entry: PlannedEntry): number {
    current = entry;
    uncompressedSize += zipSize(entry);
    rest = isFile(entry) ? contentLength(entry) : 0;
    if (beginsHere(entry)) {
      const member = memberOf(entry);
      writeLocalHeader(out, member, sizesOfTarget(codecs.crc32, member.target));
      contentOffset = out.offset;
      out.byteString(member.target);
    } else {
      contentOffset = out.offset;
    }
    return contentOffset;
  }

  function end({ crc32, storedBefore }: EntryClosing): number {
    if (current === undefined) return 0;
    const entry = current;
    current = undefined;
    if (filled > 0) deflateBlock(entry);
    const stored = out.offset - contentOffset;
    if (!isFile(entry) || entry.size === 0 || !endsHere(entry)) return stored;
    const sizes = { crc32, stored: storedBefore + stored, uncompressed: entry.size };
    writeDescriptor(out, hasZip64Sizes(entry), sizes);
    return stored;
  }

  return {
    begin,
    space() {
      if (filled === blockSize && current !== undefined) deflateBlock(current);
      return block.subarray(filled, Math.min(blockSize, filled + Math.max(rest, 1)));
    },
    filled(length) {
      filled += length;
      rest -= length;
    },
    end,
    finish() {
      out.flush();
      return { uncompressedSize, frames: [] };
    },
  };
}
