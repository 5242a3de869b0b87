/** The small file beside a growing download: what of it may be relied upon. It holds neither grant nor URL. */
import { constants } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { z } from "zod";
import { outputError } from "../reading/output-error.ts";
import { removeIfThere } from "./target-file.ts";
import { count, sha256Hex } from "../../domain/schema-words.ts";

/** What a file looked like when the last byte had been written. */
export const Stamp = z.strictObject({
  size: count,
  /** Nanoseconds since 1970. */
  mtime: z.string().regex(/^\d{1,20}$/),
});
export type Stamp = z.infer<typeof Stamp>;

/** Of an archive that is fetched part by part. */
export const ArchiveState = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.literal("archive"),
  /** SHA-256 of manifest.json. */
  manifest: sha256Hex,
  size: count,
  etag: z.string().max(1024).optional(),
  /** Numbers of the parts that were checked and flushed. */
  done: z.array(count),
  /** How many bytes of other parts were written; whoever goes on hashes them again. */
  running: z.array(z.strictObject({ part: count, bytes: count })),
  /** Only where the download ended in order: then `done` holds as long as the file looks like this. */
  stamp: Stamp.optional(),
});
export type ArchiveState = z.infer<typeof ArchiveState>;

/** Of a single file, which grows from its beginning. */
export const SingleState = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.literal("file"),
  etag: z.string().max(1024).optional(),
  storeEtag: z.string().max(1024).optional(),
  size: count.optional(),
  sha256: sha256Hex.optional(),
});
export type SingleState = z.infer<typeof SingleState>;

const largestState = 16 * 1024 * 1024;

/** Undefined where there is none that may be relied upon: then what was written is hashed, or fetched again. */
export async function readState<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw outputError(error, file);
  }
  try {
    const { size, mode, uid } = await handle.stat();
    // In a folder that others may write to, somebody could vouch for bytes of his own.
    const isOurs =
      uid === process.getuid?.() && (mode & 0o077) === 0 && (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!isOurs || size > largestState) return undefined;
    return schema.safeParse(json(await handle.readFile("utf8"))).data;
  } catch (error) {
    throw outputError(error, file);
  } finally {
    await handle.close();
  }
}

/** In one step: a reader sees the old state or the new one, whenever the writer dies. */
export async function writeState(file: string, state: ArchiveState | SingleState): Promise<void> {
  const fresh = `${file}.new`;
  try {
    await removeIfThere(fresh);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const handle = await open(fresh, flags, 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(state)}\n`);
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
  } catch (error) {
    throw outputError(error, file);
  }
}

/** A file that was cut or that somebody changed says nothing. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
