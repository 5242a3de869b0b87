/** What the operator answers to HTTP: whether it lives and is ready, and its measurements. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import type { ListenAddress } from "../cli/serve-options.ts";
import { type ListeningServer, startListening } from "./listening-server.ts";

export interface OperatorAnswers {
  readonly registry: Registry;
  readonly isReady: () => boolean;
  readonly onError: (error: unknown, about: string) => void;
}

/** Throws ListenFailed. */
export function startOperatorServer(
  listen: ListenAddress,
  answers: OperatorAnswers,
): Promise<ListeningServer> {
  const server = createServer((request, response) => {
    answer(request, response, answers).catch((error: unknown) => {
      answers.onError(error, "an answer of the operator");
      send(response, 500, "no answer, as the log says\n");
    });
  });
  return startListening(server, listen, "--listen");
}

async function answer(
  { url, method }: IncomingMessage,
  response: ServerResponse,
  { registry, isReady }: OperatorAnswers,
): Promise<void> {
  const path = url?.split("?", 1)[0];
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "only GET\n");
  if (path === "/livez") return send(response, 200, "alive\n");
  if (path === "/readyz")
    return isReady() ? send(response, 200, "ready\n") : send(response, 503, "not ready\n");
  if (path !== "/metrics") return send(response, 404, "nothing here\n");
  const text = await registry.metrics();
  response.setHeader("Content-Type", registry.contentType);
  return send(response, 200, text);
}

function send(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.end(text);
}
