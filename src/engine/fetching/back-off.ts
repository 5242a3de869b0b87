/** How long to wait before the next try. */
import { waitAfter } from "../../domain/back-off.ts";

/** After a try that brought something comes the shortest. */
const waits = { first: 125, longest: 30_000 };
/** What a server asks for is honoured up to here. */
const longestAsked = 60 * 60 * 1000;
const notReady = { default: 5000, shortest: 1000, longest: 60_000 };

/** Milliseconds after `failures` tries in a row that brought no byte, between half and all of a doubling time. */
export function backOff(failures: number, random: () => number): number {
  return waitAfter(failures + 1, waits, random);
}

/** As `backOff`, but never less than the server asked for. */
export function waitFor(failures: number, askedMs: number | undefined, random: () => number): number {
  return Math.max(backOff(failures, random), Math.min(askedMs ?? 0, longestAsked));
}

/** Until an unfinished export is asked for again. */
export function waitForExport(askedMs: number | undefined, random: () => number): number {
  const asked = Math.max(notReady.shortest, Math.min(askedMs ?? notReady.default, notReady.longest));
  return asked * (1 + random() / 10);
}
