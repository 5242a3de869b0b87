/**
 * The buffers through which bytes go from blobs to sockets. A buffer waits as long as its receiver does, so every transfer
 * has a small one; a large one, which makes a fast receiver three times as fast, is lent while there are any.
 */
const smallSize = 64 * 1024;
/** Larger ones leave the processor's cache between reading and writing, and cost a fifth more. */
const largeSize = 512 * 1024;
const mostLarge = 128;
/** Kept for the next transfer rather than left to the garbage collector. */
const mostIdle = { small: 64, large: 8 };

export class TransferBuffers {
  readonly #mostLarge: number;
  readonly #small: Buffer[] = [];
  readonly #large: Buffer[] = [];
  #largeLent = 0;

  constructor(limit = mostLarge) {
    this.#mostLarge = limit;
  }

  small(): Buffer {
    return this.#small.pop() ?? Buffer.allocUnsafeSlow(smallSize);
  }

  /** Undefined where all are lent. */
  large(): Buffer | undefined {
    if (this.#largeLent >= this.#mostLarge) return undefined;
    this.#largeLent++;
    return this.#large.pop() ?? Buffer.allocUnsafeSlow(largeSize);
  }

  /** Takes a buffer back. `isIdle` is false where a write of it may not have ended. */
  give(buffer: Buffer, isIdle: boolean): void {
    const isLarge = buffer.length === largeSize;
    if (isLarge) this.#largeLent--;
    const [idle, most] = isLarge ? [this.#large, mostIdle.large] : [this.#small, mostIdle.small];
    if (isIdle && idle.length < most) idle.push(buffer);
  }
}
