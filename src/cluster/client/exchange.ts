/** One request to the API server and its answer, over connections that are kept. */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent, request as requestTo, type RequestOptions } from "node:https";
import { LongshoreError } from "../../domain/errors.ts";
import { apiError } from "./api-status.ts";
import { type ClusterAccess, loadAccess } from "./cluster-access.ts";
import type { LoadedAccess } from "./loaded-access.ts";

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query, below the server's own path. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: object | undefined;
}

export interface ApiLine extends Disposable {
  readonly server: string;
  readonly namespace: string | undefined;
  /** The answer's body whole. Errors as KubeApi says. */
  text(call: Call, signal: AbortSignal): Promise<string>;
  /**
   * The answer's body as it comes; the connection is closed when the reader stops. `silence`, asked before each piece, is
   * how many milliseconds may pass until it is there; after them the stream is held for dead.
   */
  stream(call: Call, silence: () => number, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
}

export interface LineLimits {
  /** Milliseconds for a request and its whole answer, and for a stream until it begins. */
  readonly request: number;
  /** Bytes of an answer that is read whole. */
  readonly answer: number;
}

/** API servers drop a connection that was not used for 90 s; who drops it first never sends into a closed one. */
const keptUnused = 60_000;
const mostOfRefusal = 2 ** 18;

export function openLine(access: ClusterAccess, limits: LineLimits): ApiLine {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: 15_000, timeout: keptUnused });
  let loaded: LoadedAccess | undefined = loadAccess(access);
  const { server, namespace } = loaded;
  const base = new URL(server);
  return { server, namespace, text, stream, [Symbol.dispose]: () => agent.destroy() };

  async function text(call: Call, outer: AbortSignal): Promise<string> {
    const timeout = AbortSignal.timeout(limits.request);
    const signal = AbortSignal.any([outer, timeout]);
    try {
      const answer = await exchange(call, signal);
      return await readText(answer, limits.answer);
    } catch (error) {
      outer.throwIfAborted();
      throw timeout.aborted ? silent(limits.request) : lineError(error);
    }
  }

  async function* stream(
    call: Call,
    silence: () => number,
    outer: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const begun = new AbortController();
    const late = setTimeout(() => begun.abort(), limits.request);
    const signal = AbortSignal.any([outer, begun.signal]);
    try {
      const answer = await exchange(call, signal);
      clearTimeout(late);
      answer.setTimeout(silence(), () => answer.destroy(new Error("nothing came for too long")));
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        yield chunk;
        // What has come whole has no socket any more.
        if (!answer.complete) answer.setTimeout(silence());
      }
    } catch (error) {
      outer.throwIfAborted();
      throw begun.signal.aborted ? silent(limits.request) : lineError(error);
    } finally {
      clearTimeout(late);
    }
  }

  /** The answer's head, where it is 2xx; once again if a kept connection was closed under a request that changes nothing. */
  async function exchange(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    signal.throwIfAborted();
    loaded ??= loadAccess(access);
    const authorized = await loaded.authorize();
    signal.throwIfAborted();
    const options = { agent, ...authorized };
    const first = await send(call, options, signal);
    const sent =
      "error" in first && first.wasKept && call.method === "GET" && !signal.aborted
        ? await send(call, options, signal)
        : first;
    if ("error" in sent) throw sent.error;
    const { statusCode = 0 } = sent.answer;
    if (statusCode >= 200 && statusCode < 300) return sent.answer;
    // Credentials may have been renewed where they come from.
    if (statusCode === 401) loaded = undefined;
    throw await refusal(call, sent.answer);
  }

  function send(call: Call, options: RequestOptions, signal: AbortSignal): Promise<Sent> {
    const { promise, resolve } = Promise.withResolvers<Sent>();
    const { method, contentType, body } = call;
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const request = requestTo(
      {
        ...options,
        host: base.hostname.replace(/^\[|\]$/g, ""),
        port: base.port === "" ? 443 : base.port,
        path: `${base.pathname.replace(/\/$/, "")}${call.path}`,
        method,
        signal,
        headers: {
          ...(options.headers as OutgoingHttpHeaders | undefined),
          Accept: "application/json",
          "User-Agent": "longshore",
          ...(bytes === undefined
            ? {}
            : { "Content-Type": contentType ?? "application/json", "Content-Length": `${bytes.length}` }),
        },
      },
      (answer) => resolve({ answer }),
    );
    request.on("error", (error) => resolve({ error, wasKept: request.reusedSocket && isReset(error) }));
    request.end(bytes);
    return promise;
  }

  function silent(milliseconds: number): LongshoreError {
    return unreachable(`did not answer within ${milliseconds / 1000} s`);
  }

  function lineError(error: unknown): LongshoreError {
    return error instanceof LongshoreError
      ? error
      : unreachable(`can't be reached: ${reasonOf(error)}`, error);
  }

  function unreachable(what: string, cause?: unknown): LongshoreError {
    return new LongshoreError("ServerUnreachable", `the API server at ${server} ${what}`, {
      cause,
      hint: "check the kubeconfig's address and certificates, and that the cluster's API server runs",
    });
  }
}

type Sent = { readonly answer: IncomingMessage } | { readonly error: Error; readonly wasKept: boolean };

const isReset = (error: NodeJS.ErrnoException): boolean =>
  error.code === "ECONNRESET" || error.code === "EPIPE";

function reasonOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return first instanceof Error ? first.message : "the connection was lost";
}

async function readText(answer: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most)
      throw new LongshoreError("ServerFailed", `the API server answered with more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function refusal({ method, path }: Call, answer: IncomingMessage): Promise<LongshoreError> {
  const body = await readText(answer, mostOfRefusal);
  return apiError({
    code: answer.statusCode ?? 0,
    request: `${method} ${path.split("?", 1)[0]}`,
    status: parsed(body),
    retryAfter: answer.headers["retry-after"],
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or a plain sentence: the code alone is said then.
    return undefined;
  }
}
