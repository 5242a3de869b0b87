/** Reads back what line-frames.ts wrote, a frame at a time. */
import { zstdDecompressSync } from "node:zlib";
import { LongshoreError } from "../domain/errors.ts";
import { frameLength } from "../domain/zstd/frame-length.ts";

/** Far above the 1 MiB of lines in a frame, far below what a hostile frame could swell to. */
const longestFrame = 16 * 2 ** 20;

/** Batches of lines, a frame each. Throws Damaged where the bytes are no frames of lines; `subject` names them. */
export async function* readLines(
  stored: AsyncIterable<Uint8Array>,
  subject: string,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of stored) {
    signal.throwIfAborted();
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let offset = 0;
    for (
      let length = lengthAt(rest, offset, subject);
      length !== undefined;
      length = lengthAt(rest, offset, subject)
    ) {
      if (offset + length > rest.length) break;
      yield linesOfFrame(rest.subarray(offset, offset + length), subject);
      offset += length;
    }
    rest = rest.subarray(offset);
    if (rest.length > longestFrame) throw damaged(subject);
  }
  if (rest.length > 0) throw damaged(subject);
}

function linesOfFrame(frame: Uint8Array, subject: string): string[] {
  try {
    const text = zstdDecompressSync(frame, { maxOutputLength: longestFrame });
    const lines = text.toString("utf8").split("\n");
    lines.pop();
    return lines;
  } catch (error) {
    throw damaged(subject, error);
  }
}

function lengthAt(bytes: Uint8Array, offset: number, subject: string): number | undefined {
  try {
    return frameLength(bytes, offset);
  } catch (error) {
    throw damaged(subject, error);
  }
}

const damaged = (subject: string, cause?: unknown): LongshoreError =>
  new LongshoreError("Damaged", `${subject} is damaged`, { cause });
