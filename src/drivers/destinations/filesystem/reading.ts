/** Reads back what a folder holds: ranges of objects, and their names in order. */
import { constants, lstatSync, opendirSync } from "node:fs";
import { open } from "node:fs/promises";
import { LongshoreError } from "../../../domain/errors.ts";
import type { ByteRange, StoredObject } from "../../../domain/ports/destination.ts";
import { parentOf } from "./object-writer.ts";
import { destinationError, isMissing } from "./system-error.ts";

const readSize = 1024 * 1024;

/** Bytes of one object; throws Damaged where there is none. */
export async function* readRange(
  path: string | Buffer,
  range: ByteRange,
  object: { name: string; folder: string },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  try {
    // A FIFO in place of an object must not keep us waiting for its writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile())
      throw new LongshoreError("Damaged", `${object.name} in ${object.folder} is no regular file`);
    let position = range.offset;
    const end = range.offset + range.length;
    while (position < end) {
      signal.throwIfAborted();
      const { bytesRead, buffer } = await file.read({
        buffer: Buffer.allocUnsafeSlow(Math.min(readSize, end - position)),
        position,
      });
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    if (!isMissing(error)) throw signal.aborted ? error : destinationError(error, object.folder, object.name);
    throw new LongshoreError("Damaged", `${object.name} is missing in ${object.folder}`, { cause: error });
  }
}

/** Everything below the folder whose name begins with the prefix, in byte order. */
export async function* listObjects(
  systemPath: (name: string) => string | Buffer,
  folder: string,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<StoredObject> {
  signal.throwIfAborted();
  const parent = parentOf(prefix);
  let names: string[];
  try {
    names = namesIn(systemPath(parent));
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === "ENOTDIR") return;
    throw destinationError(error, folder, parent);
  }
  for (const child of names) {
    const name = parent === "" ? child : `${parent}/${child}`;
    if (!name.startsWith(prefix)) continue;
    signal.throwIfAborted();
    if (name.endsWith("/")) {
      yield* listObjects(systemPath, folder, name, signal);
      continue;
    }
    const size = sizeIfThere(systemPath(name), folder, name);
    if (size !== undefined) yield { name, size };
  }
}

/** Another worker may have removed it since its name was read. */
function sizeIfThere(path: string | Buffer, folder: string, name: string): number | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.size;
  } catch (error) {
    throw destinationError(error, folder, name);
  }
}

/** In byte order, folders with "/" appended. */
function namesIn(path: string | Buffer): string[] {
  const names: string[] = [];
  const opened = opendirSync(path as string, { encoding: "latin1", bufferSize: 1024 });
  try {
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
      names.push(entry.isDirectory() ? `${entry.name}/` : entry.name);
    }
  } finally {
    opened.closeSync();
  }
  return names.sort();
}
