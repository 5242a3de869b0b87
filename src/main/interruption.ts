/** What Ctrl-C and SIGTERM do: the first asks the command to end, and gives it time to; the second ends it at once. */
import { exitCodes } from "../cli/outcome.ts";

export interface Interruption {
  readonly signal: AbortSignal;
  /** What comes needs so many milliseconds to end by itself. */
  readonly giveTime: (milliseconds: number) => void;
}

/** Two seconds are promised of a command that asks for no more. */
const usualTime = 1500;

export function listenForInterruption(process: NodeJS.Process): Interruption {
  const stopped = new AbortController();
  const end = (): void => process.exit(exitCodes.interrupted);
  let time = usualTime;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (stopped.signal.aborted) end();
      stopped.abort();
      setTimeout(end, time).unref();
    });
  }
  return {
    signal: stopped.signal,
    giveTime: (milliseconds) => {
      time = milliseconds;
    },
  };
}
