/** Sends bytes by an SDK, which pipes them, and a pipe does not tell the request that its source failed. */
import { Readable } from "node:stream";

export type SentBody = Uint8Array | Readable;

/**
 * Makes a request of `send`, whose signal also ends it where the bytes break off: then what broke them is thrown as it is.
 * A caller that wants no more of it hears its own reason, whatever became of the bytes meanwhile.
 */
export async function sendBody<T>(
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  send: (body: SentBody, abortSignal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  if (bytes instanceof Uint8Array) return send(bytes, signal);
  const body = Readable.from(bytes, { objectMode: false });
  const broken = new AbortController();
  body.on("error", (error) => broken.abort(error));
  try {
    return await send(body, AbortSignal.any([signal, broken.signal]));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw broken.signal.aborted ? broken.signal.reason : error;
  } finally {
    body.destroy();
  }
}
