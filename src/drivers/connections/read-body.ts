/** The bytes of an answer as they come, with an error of the catalogue where they stop too early. */
import { Readable } from "node:stream";

/** What is neither read to its end nor closed keeps a connection: returning early closes it, even before the first byte. */
export function readBody(
  body: unknown,
  failed: (error: unknown) => unknown,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (!(body instanceof Readable)) return noBytes;
  const stop = (): void => {
    signal.removeEventListener("abort", stop);
    body.destroy();
  };
  signal.addEventListener("abort", stop, { once: true });
  // It may break before anybody reads it; whoever does hears of it then.
  body.on("error", () => signal.removeEventListener("abort", stop));
  const chunks = read(body);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => chunks.next(),
      return: () => {
        stop();
        return chunks.return(undefined);
      },
    }),
  };

  async function* read(readable: Readable): AsyncGenerator<Uint8Array, undefined> {
    try {
      for await (const chunk of readable) {
        signal.throwIfAborted();
        yield chunk as Uint8Array;
      }
      // A stream that was destroyed without an error ends as if it were whole.
      signal.throwIfAborted();
    } catch (error) {
      throw signal.aborted ? signal.reason : failed(error);
    } finally {
      stop();
    }
    return undefined;
  }
}

/** Of a range that has none. */
export const noBytes: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};
