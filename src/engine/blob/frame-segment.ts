/** The content of an entry, or of a piece of one, out of a part that is a stream cut into compressed frames. */
import { LongshoreError } from "../../domain/errors.ts";
import { damaged } from "../reading/document.ts";
import { type Frame, frameAt, FrameCache, framesOf } from "../reading/frame-cache.ts";
import { type OpenExport, provenReceipt, type ReadingStreamFormat } from "../reading/open-export.ts";
import type { BlobReader, Segment } from "./blob.ts";
import type { ChunkCache } from "./chunk-cache.ts";

const tablesKept = 64;

/** The frames of one export's parts. */
export class ExportFrames {
  readonly #opened: OpenExport;
  readonly #id: string;
  readonly #decoder: FrameCache;
  readonly #chunks: ChunkCache;
  readonly #tables = new Map<number, readonly Frame[]>();

  /** `id` keeps exports apart in the cache. */
  constructor(opened: OpenExport, format: ReadingStreamFormat, shared: { id: string; chunks: ChunkCache }) {
    this.#opened = opened;
    this.#id = shared.id;
    this.#chunks = shared.chunks;
    this.#decoder = new FrameCache(opened, format);
  }

  /** From the part's receipt. Throws Damaged. */
  async table(part: number, signal: AbortSignal): Promise<readonly Frame[]> {
    const known = this.#tables.get(part);
    if (known !== undefined) return known;
    const frames = framesOf((await provenReceipt(this.#opened, part, signal)).frames);
    const [oldest] = this.#tables.keys();
    if (this.#tables.size >= tablesKept && oldest !== undefined) this.#tables.delete(oldest);
    this.#tables.set(part, frames);
    return frames;
  }

  /** Bytes of the part's uncompressed stream: at most up to the end of a frame. Throws Damaged. */
  async copy(place: FramePlace, into: Uint8Array, signal: AbortSignal): Promise<number> {
    const { part, table, position } = place;
    const number = frameAt(table, position);
    const frame = table[number];
    if (frame === undefined)
      throw damaged(this.#opened.destination, `the index names bytes that part ${part} does not have`);
    const make = (inner: AbortSignal): Promise<Uint8Array> => this.#decode(part, number, frame, inner);
    const chunk = { key: `${this.#id}/${part}/${number}`, make };
    return this.#chunks.copy(chunk, { into, from: position - frame.start }, signal);
  }

  async #decode(part: number, number: number, frame: Frame, signal: AbortSignal): Promise<Uint8Array> {
    const decoded = await this.#decoder.decode(part, number, frame, signal);
    if (decoded instanceof Uint8Array) return decoded;
    const { object, message } = decoded;
    throw damaged(this.#opened.destination, `${object}, frame ${number}: ${message}`);
  }
}

interface FramePlace {
  readonly part: number;
  readonly table: readonly Frame[];
  readonly position: number;
}

export interface StreamRun {
  readonly frames: ExportFrames;
  readonly part: number;
  /** In the part's uncompressed stream. */
  readonly offset: number;
  readonly length: number;
}

/** Reads only the frames that hold the bytes asked for, and each frame's own checksum is checked. */
export function frameSegment(run: StreamRun): Segment {
  return { length: run.length, open: () => openRun(run) };
}

function openRun({ frames, part, offset, length }: StreamRun): BlobReader {
  let table: readonly Frame[] | undefined;
  return {
    read: async (into, position, signal) => {
      table ??= await frames.table(part, signal);
      const room = into.subarray(0, Math.min(into.length, length - position));
      const copied = await frames.copy({ part, table, position: offset + position }, room, signal);
      if (copied > 0) return copied;
      throw new LongshoreError("Damaged", `a frame of part ${part} is empty`);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
