/** The few sums that a report is made of; medians, because one disturbed run must not move a figure. */

/** Throws on an empty list: a figure of nothing is a mistake of the caller. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError("the median of no values");
  return (lower + upper) / 2;
}

/**
 * Ours by theirs, round by round, then the median: both of a pair met the same state of the machine, so its drift
 * over a long run cancels out. Rounds that only one of them finished are left out; without a pair there is no ratio.
 */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number | undefined {
  const ratios = ours.flatMap((own, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [own / other];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}
