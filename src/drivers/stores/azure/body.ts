/** The bytes of an answer as they come, with an error of the catalogue where they stop too early. */
import type { Readable } from "node:stream";

/** What is neither read to its end nor closed keeps a connection: leaving the loop closes it. */
export async function* readBody(
  body: Readable,
  failed: (error: unknown) => unknown,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stop = (): void => void body.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of body) {
      signal.throwIfAborted();
      yield chunk as Uint8Array;
    }
    // A stream that was destroyed without an error ends as if it were whole.
    signal.throwIfAborted();
  } catch (error) {
    throw signal.aborted ? signal.reason : failed(error);
  } finally {
    signal.removeEventListener("abort", stop);
    body.destroy();
  }
}

/** Of a range that has none. */
export const noBytes: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};
