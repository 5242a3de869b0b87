/** Runs a request to a store, and turns whatever goes wrong into an error of the catalogue. */

export interface Translation<T> {
  /** What is thrown instead of what was thrown. */
  readonly meaningOf: (error: unknown) => unknown;
  /** Answers for an error that is none here; throws what is one. */
  readonly rescue?: ((error: unknown) => T | Promise<T>) | undefined;
}

/** Throws the signal's reason where it was aborted, before `run` or while it went on. */
export async function translated<T>(
  run: () => Promise<T>,
  { meaningOf, rescue }: Translation<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  try {
    return await run();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (rescue === undefined) throw await meaningOf(error);
    try {
      return await rescue(error);
    } catch (again) {
      throw await meaningOf(again);
    }
  }
}
