/** One line on a terminal that says how far the work is: parts, files, bytes, rate, time left. Nothing where there is no terminal. */
import { formatBytes } from "../domain/quantity.ts";
import type { Output } from "./context.ts";

export interface ProgressState {
  readonly done: number;
  /** Bytes of `done` that were there when this progress began, and say nothing of the rate. */
  readonly before?: number;
  /** Bytes to do; more may come while `open`. */
  readonly total: number;
  readonly open: boolean;
  readonly parts?: { readonly done: number; readonly total: number };
  readonly files?: number;
  /** What else there is to say: "4 connections". */
  readonly note?: string;
}

export interface Progress extends AsyncDisposable {
  /** Takes the line away for a moment, so that a message stands alone. */
  clear(): Promise<void>;
}

const interval = 125;

/** Redraws what `state` says eight times a second until it is disposed. `now` is in milliseconds. */
export function showProgress(
  output: Output,
  label: string,
  state: () => ProgressState,
  now: () => number,
): Progress {
  if (!output.isTerminal)
    return { clear: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  const startedAt = now();
  const draw = (): void => {
    const line = progressLine(label, state(), {
      seconds: (now() - startedAt) / 1000,
      columns: output.columns,
    });
    void output.write(`\r${line}\x1b[K`);
  };
  const timer = setInterval(draw, interval);
  const clear = (): Promise<void> => output.write("\r\x1b[K");
  return {
    clear,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await clear();
    },
  };
}

const barWidth = 20;

/** The line itself, at most `columns` wide. */
export function progressLine(
  label: string,
  state: ProgressState,
  at: { seconds: number; columns: number },
): string {
  const share = state.total === 0 ? 0 : Math.min(1, state.done / state.total);
  const filled = Math.floor(share * barWidth);
  const bar = `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}]`;
  const rate = at.seconds > 0.5 ? Math.max(0, state.done - (state.before ?? 0)) / at.seconds : 0;
  const fields = [
    label,
    bar,
    state.parts === undefined ? "" : `${state.parts.done}/${state.parts.total}${state.open ? "+" : ""} parts`,
    state.files === undefined ? "" : `${state.files.toLocaleString("en")} files`,
    `${formatBytes(state.done)} of ${formatBytes(state.total)}${state.open ? "+" : ""}`,
    rate === 0 ? "" : `${formatBytes(rate)}/s`,
    rate === 0 || state.open ? "" : `${clockTime((state.total - state.done) / rate)} left`,
    state.note ?? "",
  ];
  return fields
    .filter((field) => field !== "")
    .join("  ")
    .slice(0, Math.max(0, at.columns - 1));
}

function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
