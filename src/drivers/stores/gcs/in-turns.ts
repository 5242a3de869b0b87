/** Runs many small requests, a few at a time, so that as much as possible is done even where some of them fail. */

/** Failures one after another, after which a store is taken to be away. */
const mostFailures = 8;

/**
 * The results in the order of the items. Where some fail, the others are done nevertheless, and then the first error is
 * thrown: whoever repeats this has only the rest left. Where all fail, it soon ends.
 */
export async function inTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<R>,
  signal: AbortSignal,
): Promise<R[]> {
  const results: R[] = [];
  const errors: unknown[] = [];
  let failures = 0;
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      if (failures >= mostFailures || signal.aborted) return;
      try {
        results[index] = await run(item);
        failures = 0;
      } catch (error) {
        failures++;
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  signal.throwIfAborted();
  if (errors.length > 0) throw errors[0];
  return results;
}
