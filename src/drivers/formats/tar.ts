/** tar: no compression, so every byte's place is known before it is read. */
import { LongshoreError } from "../../domain/errors.ts";
import type { StreamFormat } from "../../domain/ports/format.ts";
import { tarSize, typeFlag } from "../../domain/tar/layout.ts";
import { createTarPartEncoder } from "../../domain/tar/part-encoder.ts";
import { createTarTailEncoder } from "../../domain/tar/tail-encoder.ts";

export const tar: StreamFormat = {
  name: "tar",
  extension: "tar",
  levels: undefined,
  layout: "archive",
  hardLinks: "link",
  closesSplitFiles: false,
  offsets: "stream",
  holds: (type) => typeFlag(type) !== undefined,
  plannedSize: tarSize,
  createPartEncoder: ({ sink }) => createTarPartEncoder(asItIs, sink),
  createTailEncoder: ({ sink }) => createTarTailEncoder(asItIs, sink),
  decodeFrame(stored, uncompressedSize) {
    if (stored.length === uncompressedSize) return stored;
    throw new LongshoreError(
      "Damaged",
      `a frame of a tar has ${stored.length} bytes instead of ${uncompressedSize}`,
    );
  },
};

function asItIs(frame: Uint8Array): Uint8Array {
  return frame;
}
