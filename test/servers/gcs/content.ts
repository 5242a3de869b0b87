/** Bytes of objects, on disk: each upload is a file, and a composed object is several of them one after another. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { CRC32C } from "@google-cloud/storage";

export interface Content {
  readonly slices: readonly { readonly file: string; readonly size: number }[];
  readonly size: number;
  /** Base64, as Google writes them. */
  readonly crc32c: string;
  /** What was composed has none. */
  readonly md5Hash?: string;
}

let files = 0;

/** Writes what comes, and says its digests as a server finds them, which is by Google's own code. */
export async function storeContent(folder: string, bytes: AsyncIterable<Uint8Array>): Promise<Content> {
  const file = join(folder, `content-${(files += 1)}`);
  await using handle = await open(file, "wx");
  const md5 = createHash("md5");
  const crc = new CRC32C();
  let size = 0;
  for await (const chunk of bytes) {
    md5.update(chunk);
    crc.update(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    size += chunk.length;
    await handle.appendFile(chunk);
  }
  const md5Hash = md5.digest("base64");
  return { slices: [{ file, size }], size, crc32c: crc.toString(), md5Hash };
}

/** Nothing is copied, but every byte is read for its checksum: it is not made up from those of the sources. */
export async function composeContent(sources: readonly Content[]): Promise<Content> {
  const slices = sources.flatMap((source) => source.slices);
  const size = sources.reduce((sum, source) => sum + source.size, 0);
  const whole = { slices, size, crc32c: "" };
  const crc = new CRC32C();
  for await (const chunk of readContent(whole, 0, size)) crc.update(chunk);
  return { slices, size, crc32c: crc.toString() };
}

/** Bytes from `begin` to before `end`. */
export async function* readContent({ slices }: Content, begin: number, end: number): AsyncGenerator<Buffer> {
  let at = 0;
  for (const { file, size } of slices) {
    const [from, to] = [Math.max(0, begin - at), Math.min(size, end - at)];
    at += size;
    if (from < to) yield* createReadStream(file, { start: from, end: to - 1 }) as AsyncIterable<Buffer>;
  }
}
