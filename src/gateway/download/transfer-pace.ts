/** Says whether a receiver keeps up, by how long it takes for a few megabytes. */

/** More than the system's own buffers take from us before a slow receiver is noticed. */
const windowBytes = 8 * 2 ** 20;
/** About 100 MB/s, from where the size of a buffer begins to matter. */
const fastWindowMs = 80;

export class TransferPace {
  readonly #clock: () => number;
  #began: number;
  #bytes = 0;
  isFast = false;

  /** `clock` counts milliseconds from anywhere and is never set back. */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#began = clock();
  }

  /** Told of bytes that the socket took. */
  took(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < windowBytes) return;
    const now = this.#clock();
    this.isFast = now - this.#began <= fastWindowMs;
    this.#began = now;
    this.#bytes = 0;
  }
}
