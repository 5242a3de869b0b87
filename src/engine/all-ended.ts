/** Several pieces of work at once, none of which goes on behind the back of whoever began them. */

/** Waits until all have ended, however; then gives their results, or throws the failure that comes first in the list. */
export async function allEnded<const T extends readonly Promise<unknown>[]>(
  works: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
