/** Calls `send` at once, and then at most once in so many milliseconds, the last wish never being lost. */
export interface Throttle {
  touch(): void;
  /** Drops what is still wished. */
  cancel(): void;
}

export function createThrottle(milliseconds: number, send: () => void): Throttle {
  let timer: NodeJS.Timeout | undefined;
  let isWished = false;
  const touch = (): void => {
    isWished = true;
    if (timer !== undefined) return;
    isWished = false;
    send();
    timer = setTimeout(() => {
      timer = undefined;
      if (isWished) touch();
    }, milliseconds);
    timer.unref();
  };
  return {
    touch,
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
      isWished = false;
    },
  };
}
