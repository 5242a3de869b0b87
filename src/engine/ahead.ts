/** Does slow work for a few items ahead of their turn, and gives the results in order: what makes many small requests bearable. */

/** At most `most` items are worked on or waiting at any time. A failure is thrown at its item's turn; whoever leaves early waits for what runs. */
export async function* ahead<T, R>(
  items: Iterable<T>,
  most: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  const begin = (item: T): void => {
    const result = work(item);
    // It is looked at in its turn.
    result.catch(() => undefined);
    running.push(result);
  };
  try {
    for (const item of items) {
      const next = running.length < most ? undefined : running.shift();
      if (next !== undefined) yield await next;
      begin(item);
    }
    for (let next = running.shift(); next !== undefined; next = running.shift()) yield await next;
  } finally {
    await Promise.allSettled(running);
  }
}
