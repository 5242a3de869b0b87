import { setTimeout as sleep } from "node:timers/promises";

/** Waits so many milliseconds; throws the signal's reason when it is cancelled meanwhile. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export const pause: Pause = async (milliseconds, signal) => {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
};
