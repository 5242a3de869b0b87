/** Joins the parts of an export to its archive, checking each part's digest on the way. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LongshoreError } from "../domain/errors.ts";
import type { ManifestPart } from "../domain/manifest.ts";
import { byteStringOfText } from "../domain/byte-string.ts";
import { hashRange, isJoined } from "./verify/joined-file.ts";
import { outputError } from "./reading/output-error.ts";
import type { OpenExport } from "./reading/open-export.ts";

export interface JoinOptions {
  readonly opened: OpenExport;
  readonly onProgress?:
    | ((progress: { readonly bytes: number; readonly totalBytes: number }) => void)
    | undefined;
}

export interface JoinReport {
  readonly size: number;
  /** Bytes that an interrupted download had left, or all of them where there was nothing to do. */
  readonly kept: number;
  readonly alreadyThere: boolean;
}

/**
 * Writes the archive to `file`, which appears only when it is whole; an interrupted call leaves what it has beside it, and the
 * next goes on from there. Throws NoArchive, TargetExists, Damaged.
 */
export async function joinToFile(
  options: JoinOptions,
  file: string,
  signal: AbortSignal,
): Promise<JoinReport> {
  const { opened } = options;
  const size = archiveSize(opened);
  if (await exists(file)) {
    if (!(await isJoined(file, opened.manifest.parts, signal)))
      throw new LongshoreError("TargetExists", `${file} is there and is not this archive`);
    return { size, kept: size, alreadyThere: true };
  }
  const partial = partialName(file, opened);
  try {
    const kept = await writeParts(options, partial, signal);
    await rename(partial, file);
    await syncFolder(dirname(file));
    return { size, kept, alreadyThere: false };
  } catch (error) {
    throw outputError(error, file);
  }
}

/** Hands the archive to `write`. Throws NoArchive, or Damaged when bytes of a bad part have already gone out. */
export async function joinTo(
  options: JoinOptions,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<JoinReport> {
  const { opened, onProgress } = options;
  const totalBytes = archiveSize(opened);
  let bytes = 0;
  for (const part of opened.manifest.parts) {
    await copyPart(
      opened,
      part,
      async (chunk) => {
        await write(chunk);
        bytes += chunk.length;
        onProgress?.({ bytes, totalBytes });
      },
      signal,
    );
  }
  return { size: bytes, kept: 0, alreadyThere: false };
}

/** What to call the archive where nobody says: the export's name, unless that is no name for a file. */
export function archiveName(opened: OpenExport, extension: string): string {
  const { name } = opened.manifest.run;
  const usable = name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
  return `${usable ? name : "export"}.${extension}`;
}

function archiveSize({ manifest, destination }: OpenExport): number {
  if (manifest.format === "files")
    throw new LongshoreError(
      "NoArchive",
      `${destination.location} keeps files as they are and has no archive`,
    );
  return manifest.parts.reduce((sum, part) => sum + part.size, 0);
}

async function writeParts(
  { opened, onProgress }: JoinOptions,
  partial: string,
  signal: AbortSignal,
): Promise<number> {
  const totalBytes = archiveSize(opened);
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o666);
  try {
    const { parts } = opened.manifest;
    const whole = await countWhole(handle, parts, signal);
    const kept = parts.slice(0, whole).reduce((sum, part) => sum + part.size, 0);
    await handle.truncate(kept);
    let position = kept;
    for (const part of parts.slice(whole)) {
      await copyPart(
        opened,
        part,
        async (chunk) => {
          await writeAll(handle, chunk, position);
          position += chunk.length;
          onProgress?.({ bytes: position, totalBytes });
        },
        signal,
      );
    }
    await handle.sync();
    return kept;
  } finally {
    await handle.close();
  }
}

/** How many parts an interrupted download has whole. */
async function countWhole(
  handle: FileHandle,
  parts: readonly ManifestPart[],
  signal: AbortSignal,
): Promise<number> {
  const { size } = await handle.stat();
  let position = 0;
  for (const [i, part] of parts.entries()) {
    if (position + part.size > size) return i;
    if ((await hashRange(handle, { offset: position, length: part.size }, signal)) !== part.sha256) return i;
    position += part.size;
  }
  return parts.length;
}

async function copyPart(
  { destination }: OpenExport,
  part: ManifestPart,
  write: (bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash("sha256");
  const object = byteStringOfText(part.object);
  let length = 0;
  for await (const chunk of destination.read(object, { offset: 0, length: part.size }, signal)) {
    signal.throwIfAborted();
    hash.update(chunk);
    length += chunk.length;
    await write(chunk);
  }
  if (length === part.size && hash.digest("hex") === part.sha256) return;
  throw new LongshoreError(
    "Damaged",
    `part ${part.number} (${part.object}) of ${destination.location} is not what the manifest says`,
  );
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let from = 0; from < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, from, bytes.length - from, position + from);
    from += bytesWritten;
  }
}

/** Beside the file; a name of its own where the file's leaves no room for more. */
function partialName(file: string, opened: OpenExport): string {
  const name = `${basename(file)}.partial`;
  const short = `.longshore-${opened.manifestSha256.slice(0, 16)}.partial`;
  return join(dirname(file), Buffer.byteLength(name) <= 255 ? name : short);
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw outputError(error, file);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
