/** The file that a download becomes, and the names beside it under which it grows. */
import { open, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LongshoreError } from "../../domain/errors.ts";
import { sha256 } from "../digest.ts";
import { outputError } from "../reading/output-error.ts";

export interface TargetFile {
  readonly file: string;
  /** Holds what has come so far, at its place. */
  readonly partial: string;
  /** Says how far that may be relied upon. */
  readonly state: string;
}

const longestName = 255;
const longestSuffix = ".partial.json.new".length;

/** Beside the file; short names of their own where the file's leaves no room for more. */
export function targetFile(file: string): TargetFile {
  const name = basename(file);
  const isShort = Buffer.byteLength(name) + longestSuffix <= longestName;
  const partial = join(
    dirname(file),
    isShort ? `${name}.partial` : `.longshore-${sha256(name).slice(0, 16)}.partial`,
  );
  return { file, partial, state: `${partial}.json` };
}

/** Size in bytes, or undefined where there is none. Throws TargetExists for what is no regular file. */
export async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file);
    if (found.isFile()) return found.size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw outputError(error, file);
  }
  throw new LongshoreError("TargetExists", `${file} is there and is no file`);
}

export const targetExists = (file: string): LongshoreError =>
  new LongshoreError("TargetExists", `${file} is there and is not this download`);

/** Gives the whole, flushed file its name, durably. Throws TargetExists where somebody else was first. */
export async function giveName({ file, partial, state }: TargetFile): Promise<void> {
  if ((await sizeOf(file)) !== undefined) throw targetExists(file);
  try {
    await rename(partial, file);
    await removeIfThere(state);
    const folder = await open(dirname(file));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw outputError(error, file);
  }
}

/** Nothing came, so nothing shall lie there. */
export async function removeEmpty({ partial, state }: TargetFile): Promise<void> {
  if ((await sizeOf(partial)) !== 0) return;
  await removeIfThere(partial);
  await removeIfThere(state);
}

export async function removeIfThere(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw outputError(error, file);
  }
}
