/**
 * Cuts a part's uncompressed stream into frames of 4 MiB and sends each through the codec, so that a reader gets any
 * byte after decompressing one frame. One buffer is reused for all frames.
 */
import type { EncodedPart } from "../ports/format.ts";

/** Uncompressed bytes of every frame of a part but its last. */
export const frameSize = 4 * 1024 * 1024;

/** Makes the stored bytes of one frame; may return the frame itself. */
export type FrameCodec = (frame: Uint8Array) => Uint8Array;

export class FrameWriter {
  /** The frame being filled; `position` bytes of it are. Public for the header writer, which stands on the hot path. */
  readonly buffer: Uint8Array = new Uint8Array(frameSize);
  position = 0;
  #flushed = 0;
  readonly #frames: [stored: number, uncompressed: number][] = [];
  readonly #codec: FrameCodec;
  readonly #sink: (bytes: Uint8Array) => void;

  constructor(codec: FrameCodec, sink: (bytes: Uint8Array) => void) {
    this.#codec = codec;
    this.#sink = sink;
  }

  /** Bytes of the uncompressed stream so far. */
  get offset(): number {
    return this.#flushed + this.position;
  }

  /** At least one byte of room. */
  space(): Uint8Array {
    if (this.position === frameSize) this.#flush();
    return this.buffer.subarray(this.position);
  }

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const room = this.space();
      const length = Math.min(room.length, bytes.length - from);
      room.set(bytes.subarray(from, from + length));
      this.position += length;
      from += length;
    }
  }

  zeros(count: number): void {
    for (let rest = count; rest > 0;) {
      if (this.position === frameSize) this.#flush();
      const end = Math.min(frameSize, this.position + rest);
      this.buffer.fill(0, this.position, end);
      rest -= end - this.position;
      this.position = end;
    }
  }

  finish(): EncodedPart {
    if (this.position > 0) this.#flush();
    return { uncompressedSize: this.#flushed, frames: this.#frames };
  }

  #flush(): void {
    const stored = this.#codec(this.buffer.subarray(0, this.position));
    this.#frames.push([stored.length, this.position]);
    this.#flushed += this.position;
    this.position = 0;
    this.#sink(stored);
    if (stored.buffer !== this.buffer.buffer) release(stored);
  }
}

/** Far above the pools that small buffers share, which must not be given back. */
const ownMemory = 1024 * 1024;

/**
 * Gives a frame's memory back at once. Left to the garbage collector, megabytes for each frame would make it run all the
 * time, and every frame would be written into memory that the system has to provide afresh.
 */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= ownMemory) buffer.transfer(0);
}
