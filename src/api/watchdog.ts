/** Ends a request over which nothing arrived for too long. */
export interface Watchdog extends Disposable {
  /** Aborted with the outer signal's reason, or when time is up. */
  readonly signal: AbortSignal;
  /** Something arrived: time begins anew. */
  readonly alive: () => void;
}

export function watchdog(milliseconds: number, outer: AbortSignal): Watchdog {
  const controller = new AbortController();
  const stop = (): void => controller.abort(outer.reason);
  if (outer.aborted) stop();
  outer.addEventListener("abort", stop, { once: true });
  const bite = (): void => controller.abort(new Error(`nothing came for ${milliseconds} ms`));
  let timer = setTimeout(bite, milliseconds);
  return {
    signal: controller.signal,
    alive: () => {
      clearTimeout(timer);
      timer = setTimeout(bite, milliseconds);
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      outer.removeEventListener("abort", stop);
    },
  };
}
