/** Decodes frames of parts, keeping the last: entries are read in the order in which they lie. */
import { manifestName } from "../../domain/record-names.ts";
import { hasCode } from "../../domain/errors.ts";
import type { Damage } from "./content-reader.ts";
import { type OpenExport, provenReceipt, type ReadingStreamFormat } from "./open-export.ts";
import { readRange } from "./range.ts";

/** More than any frame of ours; what says it is larger would only fill the memory. */
const largestFrame = 64 * 1024 * 1024;
/** Tables of frames kept; a split file or a hard link goes back and forth between few parts. */
const tablesKept = 4;

export interface Frame {
  /** In the part. */
  readonly offset: number;
  readonly stored: number;
  /** In the uncompressed stream. */
  readonly start: number;
  readonly uncompressed: number;
}

export class FrameCache {
  readonly #opened: OpenExport;
  readonly #format: ReadingStreamFormat;
  readonly #tables = new Map<number, readonly Frame[]>();
  #part = -1;
  #frame = -1;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #damage: Damage | undefined;

  constructor(opened: OpenExport, format: ReadingStreamFormat) {
    this.#opened = opened;
    this.#format = format;
  }

  /** What the decoded frame has from this position of the part's stream on, if it is there. */
  cached(part: number, position: number): Uint8Array | undefined {
    const from = position - this.#start;
    if (part !== this.#part || from < 0 || from >= this.#bytes.length) return undefined;
    return this.#bytes.subarray(from);
  }

  /** What the frame that holds the position has from there on: at least one byte. */
  async load(part: number, position: number, signal: AbortSignal): Promise<Uint8Array | Damage> {
    const table = await this.table(part, signal);
    if (!Array.isArray(table)) return table as Damage;
    const frames = table as readonly Frame[];
    const number = frameAt(frames, position);
    const frame = frames[number];
    const object = this.#opened.parts.get(part)?.object ?? "";
    if (frame === undefined)
      return { part, object, message: "the index names bytes that the part does not have" };
    if (this.#damage !== undefined && this.#part === part && this.#frame === number) return this.#damage;
    const bytes = await this.decode(part, number, frame, signal);
    this.#part = part;
    this.#frame = number;
    this.#start = frame.start;
    this.#damage = bytes instanceof Uint8Array ? undefined : bytes;
    this.#bytes = bytes instanceof Uint8Array ? bytes : new Uint8Array(0);
    return this.#damage ?? this.#bytes.subarray(position - frame.start);
  }

  /** The bytes of one frame, or what is wrong with it. */
  async decode(
    part: number,
    number: number,
    frame: Frame,
    signal: AbortSignal,
  ): Promise<Uint8Array | Damage> {
    const object = this.#opened.parts.get(part)?.object ?? "";
    if (Math.max(frame.stored, frame.uncompressed) > largestFrame)
      return { part, object, frame: number, message: "its receipt has a frame that is too large" };
    try {
      const range = { name: object, offset: frame.offset, length: frame.stored };
      const stored = await readRange(this.#opened.destination, range, signal);
      return this.#format.decodeFrame(stored, frame.uncompressed);
    } catch (error) {
      if (!hasCode(error, "Damaged")) throw error;
      return { part, object, frame: number, message: error.message };
    }
  }

  /** The frames of a part, from its receipt; where that is damaged, what is wrong. */
  async table(part: number, signal: AbortSignal): Promise<readonly Frame[] | Damage> {
    const known = this.#tables.get(part);
    if (known !== undefined) return known;
    const object = this.#opened.parts.get(part)?.object;
    if (object === undefined) return { part, object: manifestName, message: "the manifest has no such part" };
    try {
      const frames = framesOf((await provenReceipt(this.#opened, part, signal)).frames);
      for (const oldest of this.#tables.keys())
        if (this.#tables.size >= tablesKept) this.#tables.delete(oldest);
      this.#tables.set(part, frames);
      return frames;
    } catch (error) {
      if (!hasCode(error, "Damaged")) throw error;
      return { part, object, message: error.message };
    }
  }
}

export function framesOf(sizes: readonly (readonly [number, number])[]): Frame[] {
  let offset = 0;
  let start = 0;
  return sizes.map(([stored, uncompressed]) => {
    const frame = { offset, stored, start, uncompressed };
    offset += stored;
    start += uncompressed;
    return frame;
  });
}

/** Number of the frame that holds this byte of the stream; of no frame where the stream is shorter. */
export function frameAt(frames: readonly Frame[], position: number): number {
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const frame = frames[middle];
    if (frame !== undefined && frame.start + frame.uncompressed <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
