/** Time and chance, as a download needs them. */
import type { Clock } from "../../domain/ports/clock.ts";

export interface Timing extends Clock {
  /** From 0 to 1, as Math.random. */
  random(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** A connection over which nothing came for so many milliseconds is given up and made anew. */
  readonly stallMs: number;
}
