/** Lets so many in at once, in the order in which they came. */

/** Resolves when there is room; disposing what it gives makes room for the next. */
export function createGate(most: number): () => Promise<Disposable> {
  const waiting: (() => void)[] = [];
  let free = most;
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  return async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    return { [Symbol.dispose]: leave };
  };
}
