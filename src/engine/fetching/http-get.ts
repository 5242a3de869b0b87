/**
 * One GET or HEAD, and its body as a stream that is read no faster than it is used.
 *
 * It is node:http and not fetch: fetch has fixed time limits of five minutes, decodes content encodings unasked, and its
 * connections can't be governed without a further package.
 */
import { request as requestByHttp, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestByHttps } from "node:https";

export interface HttpQuestion {
  readonly url: URL;
  /** GET unless said. */
  readonly method?: "GET" | "HEAD" | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly stallMs: number;
}

export interface HttpAnswer extends Disposable {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body's bytes, once; throws as soon as the connection breaks or stalls. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the connection unless the body was read to its end. */
  [Symbol.dispose](): void;
}

/** Rejects with the signal's reason, or with what the system says of the connection. */
export async function httpGet(
  { url, method = "GET", headers, stallMs }: HttpQuestion,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const ask = url.protocol === "https:" ? requestByHttps : requestByHttp;
  const request = ask(url, { method, headers });
  request.end();
  const watch = watchOver(request, stallMs, signal);
  try {
    const response = await responseTo(request);
    return {
      status: response.statusCode ?? 0,
      headers: single(response),
      body: chunksOf(response, watch),
      [Symbol.dispose]: () => {
        watch.stop();
        // Afterwards the socket may already serve the next request.
        if (!response.readableEnded) request.destroy();
      },
    };
  } catch (error) {
    watch.stop();
    signal.throwIfAborted();
    throw error;
  }
}

interface Watch {
  /** Time runs only while something is waited for: a slow disk is not the line's fault. */
  waiting(isWaiting: boolean): void;
  stop(): void;
}

function watchOver(request: ClientRequest, stallMs: number, signal: AbortSignal): Watch {
  let isWaiting = true;
  const bite = (): void => {
    if (isWaiting) request.destroy(new Error(`no byte came for ${stallMs / 1000} s`));
    else timer.refresh();
  };
  const timer = setTimeout(bite, stallMs);
  const abort = (): void => void request.destroy(new Error("aborted"));
  signal.addEventListener("abort", abort, { once: true });
  return {
    waiting: (value) => {
      isWaiting = value;
      if (value) timer.refresh();
    },
    stop: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}

function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    // For good: an error may still come after the answer was dropped, when nobody waits for it.
    request.on("error", reject);
  });
}

async function* chunksOf(response: IncomingMessage, watch: Watch): AsyncGenerator<Uint8Array> {
  watch.waiting(true);
  for await (const chunk of response) {
    watch.waiting(false);
    yield chunk as Uint8Array;
    watch.waiting(true);
  }
}

/** Node joins repeated headers with a comma, except for Set-Cookie, which no download reads. */
function single({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]),
  );
}
