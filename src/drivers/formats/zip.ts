/** zip: for receivers whose desktop opens it; every entry is deflated by itself (RFC 1951, PKWARE APPNOTE). */
import { pipeline } from "node:stream/promises";
import { constants, crc32, createInflateRaw, deflateRawSync } from "node:zlib";
import { LongshoreError } from "../../domain/errors.ts";
import type { StoredFormat } from "../../domain/ports/format.ts";
import { zipHolds, zipSize } from "../../domain/zip/member.ts";
import { createZipPartEncoder } from "../../domain/zip/part-encoder.ts";
import { createZipTailEncoder } from "../../domain/zip/tail-encoder.ts";

export const zip: StoredFormat = {
  name: "zip",
  extension: "zip",
  levels: { min: 0, max: 9 },
  layout: "archive",
  hardLinks: "copy",
  closesSplitFiles: true,
  // APPNOTE 4.4.10: the length of a name has two bytes.
  longestPath: 0xffff,
  offsets: "stored",
  holds: zipHolds,
  plannedSize: zipSize,
  createPartEncoder: ({ level, sink }) => createZipPartEncoder({ deflate: deflater(level), crc32 }, sink),
  createTailEncoder: ({ sink }) => createZipTailEncoder(crc32, sink),
  decodeEntry,
};

/** Everything on which the bytes depend is said, the room for them too: at level 0 the blocks depend on it. */
function deflater(level: number): (block: Uint8Array, last: boolean) => Uint8Array {
  const { Z_DEFAULT_STRATEGY: strategy, Z_FINISH, Z_FULL_FLUSH } = constants;
  return (block, last) =>
    deflateRawSync(block, {
      level,
      strategy,
      memLevel: 8,
      windowBits: 15,
      finishFlush: last ? Z_FINISH : Z_FULL_FLUSH,
      chunkSize: block.length + (block.length >>> 8) + 128,
    });
}

async function* decodeEntry(
  stored: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: 256 * 1024 });
  let given = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const bytes of stored) {
      given += bytes.length;
      yield bytes;
    }
  }
  // Its failure also ends the iteration below, which is where it is reported.
  const feeding = pipeline(counted, inflate, { signal }).catch(() => {});
  try {
    for await (const bytes of inflate) yield bytes as Uint8Array;
  } catch (cause) {
    if (!isInflateError(cause)) throw cause;
    throw new LongshoreError("Damaged", "a zip entry does not inflate to what it was made from", { cause });
  } finally {
    inflate.destroy();
    await feeding;
  }
  if (inflate.bytesWritten !== given)
    throw new LongshoreError("Damaged", "a zip entry ends before its stored bytes do");
}

function isInflateError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}
