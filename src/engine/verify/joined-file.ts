/** An archive that was joined to one file, part by part. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { ByteRange } from "../../domain/ports/destination.ts";
import { outputError } from "../reading/output-error.ts";

const bufferSize = 1024 * 1024;

interface JoinedPart {
  readonly number: number;
  readonly size: number;
  readonly sha256: string;
}

/** Whether the file is exactly these parts. */
export async function isJoined(
  file: string,
  parts: readonly JoinedPart[],
  signal: AbortSignal,
): Promise<boolean> {
  for await (const _wrong of wrongParts({ file, parts }, signal)) return false;
  return true;
}

export interface JoinedFile {
  readonly file: string;
  readonly parts: readonly JoinedPart[];
  readonly onBytes?: ((length: number) => void) | undefined;
}

export interface WrongPart {
  /** Undefined for what stands after the last part. */
  readonly number: number | undefined;
  readonly message: string;
}

/** What of the file is not as the parts say. Throws an error of the catalogue where it can't be read. */
export async function* wrongParts(
  { file, parts, onBytes }: JoinedFile,
  signal: AbortSignal,
): AsyncGenerator<WrongPart> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (error) {
    throw outputError(error, file);
  }
  try {
    const { size } = await handle.stat();
    let offset = 0;
    for (const part of parts) {
      if (offset + part.size > size)
        yield {
          number: part.number,
          message: `is cut off: the file ends at byte ${size} instead of ${offset + part.size}`,
        };
      else if ((await hashRange(handle, { offset, length: part.size }, signal)) !== part.sha256)
        yield {
          number: part.number,
          message: `is damaged: bytes ${offset} to ${offset + part.size} do not have the SHA-256 that the manifest says`,
        };
      offset += part.size;
      onBytes?.(part.size);
    }
    if (size > offset)
      yield { number: undefined, message: `has ${size - offset} bytes too many after its last part` };
  } catch (error) {
    throw outputError(error, file);
  } finally {
    await handle.close();
  }
}

/** SHA-256 of what the range has, in hex; of less where the file ends before. */
export async function hashRange(handle: FileHandle, range: ByteRange, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(bufferSize, Math.max(range.length, 1)));
  for (let done = 0; done < range.length;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(
      buffer,
      0,
      Math.min(buffer.length, range.length - done),
      range.offset + done,
    );
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hash.digest("hex");
}
