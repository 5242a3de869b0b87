/** tar.gz: a tar in independent gzip members (RFC 1952 section 2.2), for receivers that know nothing newer. */
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { LongshoreError } from "../../domain/errors.ts";
import { emptyMember } from "../../domain/gzip/padding.ts";
import type { StreamFormat } from "../../domain/ports/format.ts";
import type { FrameCodec } from "../../domain/tar/frame-writer.ts";
import { tarSize, typeFlag } from "../../domain/tar/layout.ts";
import { createTarPartEncoder } from "../../domain/tar/part-encoder.ts";
import { createTarTailEncoder } from "../../domain/tar/tail-encoder.ts";

export const tarGzip: StreamFormat = {
  name: "tar.gz",
  extension: "tar.gz",
  levels: { min: 0, max: 9 },
  layout: "archive",
  hardLinks: "link",
  closesSplitFiles: false,
  offsets: "stream",
  holds: (type) => typeFlag(type) !== undefined,
  plannedSize: tarSize,
  createPartEncoder: ({ level, sink }) => createTarPartEncoder(compressor(level), sink),
  createTailEncoder: ({ level, sink }) => createTarTailEncoder(compressor(level), sink),
  decodeFrame,
  padding: emptyMember,
};

/** Everything on which the bytes depend is said; zlib itself writes no time and no name into the member's header. */
function compressor(level: number): FrameCodec {
  const { Z_DEFAULT_STRATEGY: strategy } = constants;
  return (frame) =>
    gzipSync(frame, { level, strategy, memLevel: 8, windowBits: 15, chunkSize: compressBound(frame.length) });
}

/** zlib's own deflateBound for stored blocks and more: at level 0 the blocks depend on the room there is. */
function compressBound(length: number): number {
  return length + (length >>> 8) + 128;
}

function decodeFrame(stored: Uint8Array, uncompressedSize: number): Uint8Array {
  let frame;
  try {
    // A byte more than needed, so that the whole comes in one piece and is not copied.
    frame = gunzipSync(stored, {
      maxOutputLength: Math.max(uncompressedSize, 1),
      chunkSize: uncompressedSize + 64,
    });
  } catch (cause) {
    throw new LongshoreError("Damaged", "a gzip member does not decompress to what it was made from", {
      cause,
    });
  }
  if (frame.length === uncompressedSize) return frame;
  throw new LongshoreError(
    "Damaged",
    `a gzip member has ${frame.length} bytes instead of ${uncompressedSize}`,
  );
}
