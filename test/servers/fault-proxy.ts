/** A line between a program and a store that may slow down, change, refuse, cut or forget single requests, as lines and stores do. */
import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as requestTo,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * - `pass` hands request and answer on, Host and signature as they are.
 * - `lose` hands the request on, which is carried out, and cuts the connection instead of answering.
 * - `cut` does not even hand it on; after `most` bytes of its body, if that is said.
 * - `silence` takes it and says nothing.
 * - `answer` takes it and says something by itself.
 */
export type Treatment =
  | PassedOn
  | { readonly how: "lose" | "silence" }
  | { readonly how: "cut"; readonly most?: number }
  | {
      readonly how: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

export interface PassedOn {
  readonly how: "pass";
  /** Where it goes instead of where it was sent. */
  readonly path?: string;
  /** Milliseconds until it is handed on. */
  readonly delay?: number;
  /** Bytes of the answer's body after which the connection is cut. */
  readonly most?: number;
  /** Which body has one bit changed, in the middle. */
  readonly flip?: "request" | "answer";
}

/** What a treatment is chosen by. */
export interface ProxiedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface FaultProxy extends AsyncDisposable {
  /** "http://127.0.0.1:port" */
  readonly origin: string;
  /** "PUT /path?query" of every request, in the order they came. */
  readonly requests: readonly string[];
}

export interface FaultProxyOptions {
  /** Speaks TLS with this, in PEM; the line to the store stays plain. */
  readonly certificate?: { readonly key: string; readonly cert: string };
}

/** `target` is the store's origin. */
export async function startFaultProxy(
  target: string,
  treat: (request: ProxiedRequest) => Treatment,
  { certificate }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const requests: string[] = [];
  const listener: RequestListener = (request, response) => {
    const { method = "GET", url = "/", headers } = request;
    requests.push(`${method} ${url}`);
    const treatment = treat({ method, path: url, headers });
    // Whoever goes away does so on purpose here.
    handle({ request, response }, { target, agent }, treatment).catch(() => response.destroy());
  };
  const server: Server =
    certificate === undefined ? createServer(listener) : createSecureServer({ ...certificate }, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Target {
  readonly target: string;
  readonly agent: Agent;
}

async function handle(exchange: Exchange, to: Target, treatment: Treatment): Promise<void> {
  const { request, response } = exchange;
  switch (treatment.how) {
    case "cut":
      if (treatment.most !== undefined) await readSome(request, treatment.most);
      request.socket.destroy();
      return;
    case "silence":
      request.resume();
      return;
    case "answer":
      request.resume();
      await once(request, "end");
      response.writeHead(treatment.status, treatment.headers).end(treatment.body);
      return;
    case "lose": {
      const answer = await relay(request, to, { how: "pass" });
      answer.resume();
      await once(answer, "end");
      response.destroy();
      return;
    }
    case "pass":
      await sendBack(await relay(request, to, treatment), response, treatment);
  }
}

/** Hands the request on, and gives the head of the answer. */
async function relay(
  request: IncomingMessage,
  { target, agent }: Target,
  { path, delay, flip }: PassedOn,
): Promise<IncomingMessage> {
  if (delay !== undefined) await sleep(delay);
  const { method, headers } = request;
  const forwarded = requestTo(`${target}${path ?? request.url ?? "/"}`, { method, headers, agent });
  const answered = once(forwarded, "response") as Promise<[IncomingMessage]>;
  const length = Number(headers["content-length"] ?? 0);
  const sent =
    flip === "request" && length > 0
      ? pipeline(request, flipped(length), forwarded)
      : pipeline(request, forwarded);
  // A store that refuses early does not read on; its answer counts.
  const [[answer]] = await Promise.all([answered, sent.catch(() => answered)]);
  return answer;
}

async function sendBack(
  answer: IncomingMessage,
  response: ServerResponse,
  { most, flip }: PassedOn,
): Promise<void> {
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  const length = Number(answer.headers["content-length"] ?? 0);
  if (most !== undefined) await passSome(answer, response, most);
  else if (flip === "answer" && length > 0) await pipeline(answer, flipped(length), response);
  else await pipeline(answer, response);
}

async function readSome(request: IncomingMessage, most: number): Promise<void> {
  let left = most;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function passSome(answer: IncomingMessage, response: ServerResponse, most: number): Promise<void> {
  let left = most;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    await new Promise<unknown>((written) => response.write(chunk.subarray(0, left), written));
    left -= chunk.length;
    if (left <= 0) break;
  }
  if (left > 0) response.end();
  else response.destroy();
}

/** Changes one bit of a body of this length. */
function flipped(length: number): Transform {
  const middle = Math.floor(length / 2);
  let done = 0;
  return new Transform({
    transform: (chunk: Buffer, _encoding, next) => {
      const at = middle - done;
      done += chunk.length;
      if (at >= 0 && at < chunk.length) chunk[at] = (chunk[at] ?? 0) ^ 1;
      next(null, chunk);
    },
  });
}
