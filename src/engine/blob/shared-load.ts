/** A value that is loaded once, when it is first asked for, however many ask meanwhile. */
import { unlessAborted } from "../../domain/unless-aborted.ts";

/** The loading is given up only when nobody waits for it any more; a failure is not kept. */
export class SharedLoad<T> {
  readonly #load: (signal: AbortSignal) => Promise<T>;
  #loaded: { readonly value: T } | undefined;
  #running: Running<T> | undefined;

  constructor(load: (signal: AbortSignal) => Promise<T>) {
    this.#load = load;
  }

  async get(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#loaded !== undefined) return this.#loaded.value;
    const running = (this.#running ??= this.#start());
    running.waiting++;
    try {
      return await unlessAborted(running.promise, signal);
    } finally {
      if (--running.waiting === 0) {
        if (this.#running === running) this.#running = undefined;
        running.controller.abort(signal.reason);
      }
    }
  }

  #start(): Running<T> {
    const controller = new AbortController();
    const promise = this.#load(controller.signal).then((value) => {
      this.#loaded = { value };
      return value;
    });
    // Whoever waits sees the failure; when nobody does any more there is nobody to tell.
    promise.catch(() => undefined);
    return { promise, controller, waiting: 0 };
  }
}

interface Running<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}
