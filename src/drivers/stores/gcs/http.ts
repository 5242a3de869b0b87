/** One HTTP request and its answer over Node's own client, which takes a CA bundle, a proxy and a signal. */
import { once } from "node:events";
import { type IncomingMessage, request as requestHttp, type ClientRequest } from "node:http";
import { request as requestHttps } from "node:https";
import type { Endpoint } from "./endpoint.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Behind the endpoint's own path, encoded, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
}

export interface HttpBody {
  readonly size: number;
  open(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Milliseconds until a connection stands. */
const connectionTimeout = 10_000;
/** Silence on a connection after which it is given up. */
const socketTimeout = 60_000;

/** Sends the request and gives its answer, whose body is to be read or destroyed. Throws what the system says. */
export async function sendHttp(
  { url, agent }: Endpoint,
  { method, path, headers, body }: HttpRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const request = (url.protocol === "https:" ? requestHttps : requestHttp)({
    protocol: url.protocol,
    // An IPv6 address stands in brackets there.
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    // Joined as text: a URL would take a name of two dots for a way up.
    path: url.pathname.replace(/\/+$/, "") + path,
    method,
    headers: body === undefined ? headers : { ...headers, "content-length": String(body.size) },
    agent,
    signal,
    timeout: socketTimeout,
  });
  limitConnecting(request);
  request.once("timeout", () => request.destroy(timedOut()));
  // What goes wrong after the answer has begun is told by the answer's own stream.
  request.on("error", () => undefined);
  const answered = once(request, "response") as Promise<[IncomingMessage]>;
  writeBody(request, body).catch((error: unknown) => request.destroy(error as Error));
  const [answer] = await answered;
  // A connection on which the rest of a body is still awaited can carry no other request.
  answer.once("close", () => {
    if (!request.writableEnded) request.destroy();
  });
  return answer;
}

const timedOut = (): Error => Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" });

function limitConnecting(request: ClientRequest): void {
  request.once("socket", (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => request.destroy(timedOut()), connectionTimeout);
    const stop = (): void => clearTimeout(timer);
    socket.once("connect", stop);
    request.once("close", stop);
  });
}

/** A store that answers early wants no more of it. */
async function writeBody(request: ClientRequest, body: HttpBody | undefined): Promise<void> {
  let isAnswered = false;
  request.once("response", () => {
    isAnswered = true;
  });
  for await (const chunk of body?.open() ?? []) {
    if (request.destroyed || isAnswered) return;
    if (!request.write(chunk)) await drained(request);
  }
  request.end();
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const events = ["drain", "close", "response"];
    const end = (): void => {
      for (const event of events) request.off(event, end);
      resolve();
    };
    for (const event of events) request.on(event, end);
    if (request.destroyed) end();
  });
}

/** The whole body of an answer that is known to be small. Throws where it is not, or ends too early. */
export async function readWhole(answer: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new Error(`an answer of more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
