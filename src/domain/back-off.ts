/** How long to wait before trying again: twice as long after each failure, and never the same for many who failed together. */

export interface BackOff {
  /** Milliseconds of the longest wait after the first failure. */
  readonly first: number;
  /** Milliseconds that no wait is longer than. */
  readonly longest: number;
  /** Share of a wait that is certain, the rest being left to chance: half of it where nothing is said. */
  readonly certain?: number;
}

/** Milliseconds to wait after so many failures in a row, counted from 1. `random` is between 0 and 1. */
export function waitAfter(failures: number, backOff: BackOff, random: () => number): number {
  const { first, longest, certain = 0.5 } = backOff;
  return Math.min(longest, first * 2 ** (failures - 1)) * (certain + (1 - certain) * random());
}
