/** Works through items in order, several at a time. */

/** The first failure stops all; it is thrown when every lane has come to rest. */
export async function inLanes<T>(
  items: Iterable<T>,
  { count, work }: { count: number; work: (items: Iterable<T>, signal: AbortSignal) => Promise<void> },
  outer: AbortSignal,
): Promise<void> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([outer, stopped.signal]);
  const shared = sharedItems(items);
  let failure: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    try {
      await work(shared, signal);
    } catch (error) {
      failure ??= { error };
      stopped.abort(error);
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
  outer.throwIfAborted();
  if (failure !== undefined) throw failure.error;
}

/** Each item goes to whoever asks first; a lane that ends early does not end it for the others. */
function sharedItems<T>(items: Iterable<T>): Iterable<T> {
  const iterator = items[Symbol.iterator]();
  return { [Symbol.iterator]: () => ({ next: () => iterator.next() }) };
}
