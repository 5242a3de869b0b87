/**
 * Lines as a series of zstd frames (RFC 8878) of at most 1 MiB of lines each, so that a reader needs only the frames it wants.
 * Plan pages and the index are written this way.
 */
import { createHash } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import type { FileDigest } from "../domain/receipt.ts";
import type { ObjectWriter } from "../domain/ports/destination.ts";

const frameSize = 2 ** 20;
/** Lines are text that repeats itself: the fastest level already shrinks them tenfold. */
const level = 1;

/** One frame: which line it begins with, where it lies in the object. */
export interface LineFrame {
  readonly firstLine: number;
  readonly lines: number;
  readonly offset: number;
  readonly size: number;
}

export interface LineWriter {
  /** Takes a line without its newline; says whether it is the first of a frame. */
  add(line: string): boolean;
  /** Ends the last frame; `object` is the name to give. */
  finish(): LineFrames;
}

export interface LineFrames {
  readonly lines: number;
  readonly frames: readonly LineFrame[];
  readonly size: number;
  readonly sha256: string;
}

/** `onText` sees the uncompressed bytes of each frame. */
export function createLineWriter(writer: ObjectWriter, onText?: (bytes: Uint8Array) => void): LineWriter {
  const hash = createHash("sha256");
  const frames: LineFrame[] = [];
  let pending: string[] = [];
  let length = 0;
  let lines = 0;
  let size = 0;
  const flush = (): void => {
    if (pending.length === 0) return;
    const text = Buffer.from(`${pending.join("\n")}\n`);
    onText?.(text);
    const frame = compressLines(text);
    hash.update(frame);
    writer.write(frame);
    frames.push({
      firstLine: lines - pending.length,
      lines: pending.length,
      offset: size,
      size: frame.length,
    });
    size += frame.length;
    pending = [];
    length = 0;
  };
  return {
    add: (line) => {
      const bytes = Buffer.byteLength(line) + 1;
      if (length + bytes > frameSize) flush();
      pending.push(line);
      length += bytes;
      lines++;
      return pending.length === 1;
    },
    finish: () => {
      flush();
      return { lines, frames, size, sha256: hash.digest("hex") };
    },
  };
}

/** Every parameter is given: the same lines must give the same bytes. */
function compressLines(text: Uint8Array): Uint8Array {
  return zstdCompressSync(text, {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_checksumFlag]: 1,
      [constants.ZSTD_c_contentSizeFlag]: 1,
    },
    chunkSize: text.length + (text.length >> 7) + 1024,
  });
}

export const digestOf = (object: string, written: { size: number; sha256: string }): FileDigest => ({
  object,
  size: written.size,
  sha256: written.sha256,
});
