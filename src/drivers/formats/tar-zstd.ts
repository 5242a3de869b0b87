/** tar.zst: a tar in independent zstd frames (RFC 8878) with a seek table at the end; the format to choose when free to choose. */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { LongshoreError } from "../../domain/errors.ts";
import type { StreamFormat } from "../../domain/ports/format.ts";
import type { FrameCodec } from "../../domain/tar/frame-writer.ts";
import { tarSize, typeFlag } from "../../domain/tar/layout.ts";
import { createTarPartEncoder } from "../../domain/tar/part-encoder.ts";
import { createTarTailEncoder } from "../../domain/tar/tail-encoder.ts";
import { skippableFrame } from "../../domain/zstd/padding.ts";
import { createSeekTable } from "../../domain/zstd/seek-table.ts";

export const tarZstd: StreamFormat = {
  name: "tar.zst",
  extension: "tar.zst",
  levels: { min: 1, max: 22 },
  layout: "archive",
  hardLinks: "link",
  closesSplitFiles: false,
  offsets: "stream",
  holds: (type) => typeFlag(type) !== undefined,
  plannedSize: tarSize,
  createPartEncoder: ({ level, sink }) => createTarPartEncoder(compressor(level), sink),
  createTailEncoder: ({ level, sink }) => createTarTailEncoder(compressor(level), sink, createSeekTable()),
  decodeFrame,
  padding: skippableFrame,
};

function compressor(level: number): FrameCodec {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_checksumFlag]: 1,
    [constants.ZSTD_c_contentSizeFlag]: 1,
  };
  return (frame) => zstdCompressSync(frame, { params, chunkSize: compressBound(frame.length) });
}

/**
 * ZSTD_COMPRESSBOUND and a little: with room for the worst case zstd writes straight into the output, in one pass and a
 * third faster; with less the same input would give other bytes.
 */
function compressBound(length: number): number {
  return length + (length >>> 8) + 128;
}

function decodeFrame(stored: Uint8Array, uncompressedSize: number): Uint8Array {
  if (isSkippable(stored) && uncompressedSize === 0) return new Uint8Array(0);
  let frame;
  try {
    // A byte more than needed, so that the whole comes in one piece and is not copied: twice as fast.
    const sizes = { maxOutputLength: Math.max(uncompressedSize, 1), chunkSize: uncompressedSize + 64 };
    frame = zstdDecompressSync(stored, sizes);
  } catch (cause) {
    throw new LongshoreError("Damaged", "a zstd frame does not decompress to what it was made from", {
      cause,
    });
  }
  if (frame.length === uncompressedSize) return frame;
  throw new LongshoreError(
    "Damaged",
    `a zstd frame has ${frame.length} bytes instead of ${uncompressedSize}`,
  );
}

/** Padding and seek tables are frames that hold no data: magic 0x184D2A50 to 0x184D2A5F, then their length. */
function isSkippable(stored: Uint8Array): boolean {
  if (stored.length < 8) return false;
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const magic = view.getUint32(0, true) & 0xfffffff0;
  return magic === 0x184d2a50 && view.getUint32(4, true) === stored.length - 8;
}
