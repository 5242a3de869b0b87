/** Writes to an answer one buffer at a time and says when the buffer is free again, or the receiver gone. */
import type { ServerResponse } from "node:http";

export class Outlet implements Disposable {
  readonly #response: ServerResponse;
  /** Ends the wait that is on; one at a time, so that nothing adds up over millions of writes. */
  #wake: ((isTaken: boolean) => void) | undefined;
  readonly #gone = new AbortController();

  constructor(response: ServerResponse) {
    this.#response = response;
    if (response.destroyed) this.#gone.abort();
    response.on("close", this.#close);
    // For good: an error without a listener ends the process.
    response.on("error", this.#close);
  }

  /** Aborted when the receiver is gone. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get isGone(): boolean {
    return this.#gone.signal.aborted;
  }

  /** True when the system has taken all bytes; false when the receiver is gone, and some of them may still be written. */
  async write(bytes: Uint8Array): Promise<boolean> {
    if (this.isGone) return false;
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#response.write(bytes, (error) => this.#settle(error === undefined || error === null));
    });
  }

  /** Ends the answer; true when the system has taken everything. */
  async end(): Promise<boolean> {
    if (this.isGone) return false;
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#response.end(() => this.#settle(true));
    });
  }

  /** Breaks the connection off, so that the receiver knows that not all came. */
  cut(): void {
    this.#response.destroy();
  }

  [Symbol.dispose](): void {
    this.#response.off("close", this.#close);
  }

  readonly #close = (): void => {
    this.#gone.abort();
    this.#settle(false);
  };

  #settle(isTaken: boolean): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.(isTaken);
  }
}
