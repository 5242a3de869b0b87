/** When work has to end: because its caller is gone, because the gateway is stopping, because its time is up. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { AnswerError } from "./http/answer-error.ts";

export interface Lifetime {
  /** Aborted when closing begins: nothing new begins, and streams of events end. */
  readonly stopping: AbortSignal;
  /** Aborted when what was under way at that time has had its time. */
  readonly ended: AbortSignal;
  /** Aborted when the connection of an answer closes before the answer has ended. Dispose it with the answer. */
  connection(response: ServerResponse): ConnectionLifetime;
  /** Closing waits until it settles. */
  track(work: Promise<unknown>): void;
}

export interface ConnectionLifetime extends Disposable {
  readonly signal: AbortSignal;
}

/** Bound to the application: closing it stops everything, downloads after `deadline` milliseconds. */
export function lifetimeOf(app: FastifyInstance, deadline: number): Lifetime {
  const stopping = new AbortController();
  const ended = new AbortController();
  const working = new Set<Promise<unknown>>();
  const silent = silentConnections(app);
  let timer: NodeJS.Timeout | undefined;
  const cause = (): Error => new DOMException("the server is stopping", "AbortError");
  app.addHook("onRequest", async () => {
    if (stopping.signal.aborted)
      throw new AnswerError("ServerStopping", "the server is stopping", {
        headers: { "Retry-After": "5", Connection: "close" },
      });
  });
  app.addHook("preClose", (done) => {
    stopping.abort(cause());
    for (const socket of silent) socket.destroy();
    timer = setTimeout(() => {
      ended.abort(cause());
      app.server.closeAllConnections();
    }, deadline);
    done();
  });
  app.addHook("onResponse", async () => {
    // A connection that was busy when closing began would be kept for its next request.
    if (stopping.signal.aborted) setImmediate(() => app.server.closeIdleConnections());
  });
  app.addHook("onClose", async () => {
    await Promise.allSettled(working);
    clearTimeout(timer);
    ended.abort(cause());
  });
  return {
    stopping: stopping.signal,
    ended: ended.signal,
    connection: (response) => {
      const closed = new AbortController();
      const onClose = (): void => closed.abort(new DOMException("the connection has closed", "AbortError"));
      if (response.destroyed) onClose();
      response.once("close", onClose);
      return { signal: closed.signal, [Symbol.dispose]: () => void response.off("close", onClose) };
    },
    track: (work) => {
      working.add(work);
      void work.catch(() => undefined).finally(() => working.delete(work));
    },
  };
}

/** Connections on which nothing was said yet, as browsers open them in advance: the server itself would wait for them. */
function silentConnections(app: FastifyInstance): ReadonlySet<Socket> {
  const silent = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
  });
  app.server.on("request", ({ socket }) => silent.delete(socket));
  return silent;
}
