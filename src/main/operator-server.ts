/** What the operator answers to HTTP: whether it lives and is ready, its measurements, and the reports of workers. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { ListenAddress } from "../cli/serve-options.ts";
import { LongshoreError } from "../domain/errors.ts";

export interface OperatorMetrics {
  readonly registry: Registry;
  readonly leading: Gauge;
  readonly errors: Counter<"about">;
  readonly reports: Counter<"status">;
}

export function operatorMetrics(): OperatorMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    leading: new Gauge({
      name: "longshore_operator_leading",
      help: "1 where this operator is the one that leads.",
      registers,
    }),
    errors: new Counter({
      name: "longshore_operator_errors_total",
      help: "Errors after which the operator went on.",
      labelNames: ["about"],
      registers,
    }),
    reports: new Counter({
      name: "longshore_operator_reports_total",
      help: "Reports of workers by the HTTP status that they were answered with.",
      labelNames: ["status"],
      registers,
    }),
  };
}

export interface OperatorServer extends AsyncDisposable {
  /** "127.0.0.1:8080" */
  readonly address: string;
}

const requestMilliseconds = 10_000;
/** More workers than that are not run by one cluster; more connections are somebody's mistake. */
const mostReporters = 10_000;

/** Throws ListenFailed. */
export async function startOperatorServer(
  listen: ListenAddress,
  { registry }: OperatorMetrics,
  isReady: () => boolean,
): Promise<OperatorServer> {
  const server = createServer((request, response) => {
    void answer(request, response, registry, isReady);
  });
  return opened(server, listen);
}

/** Throws ListenFailed. */
export async function startReportServer(
  listen: ListenAddress,
  handler: RequestListener,
): Promise<OperatorServer> {
  const server = createServer({ connectionsCheckingInterval: requestMilliseconds }, handler);
  server.headersTimeout = requestMilliseconds / 2;
  // Workers that have nothing new to tell are silent for a while.
  server.keepAliveTimeout = 3 * requestMilliseconds;
  server.maxConnections = mostReporters;
  return opened(server, listen);
}

async function opened(server: Server, { host, port }: ListenAddress): Promise<OperatorServer> {
  server.requestTimeout = requestMilliseconds;
  await listening(server, { host, port });
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `${host}:${taken}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listening(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new LongshoreError(
          "ListenFailed",
          `the operator can't listen on ${host}:${port} (${cause.message})`,
          {
            cause,
          },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}

async function answer(
  { url, method }: IncomingMessage,
  response: ServerResponse,
  registry: Registry,
  isReady: () => boolean,
): Promise<void> {
  const path = url?.split("?", 1)[0];
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "only GET\n");
  if (path === "/livez") return send(response, 200, "alive\n");
  if (path === "/readyz")
    return isReady() ? send(response, 200, "ready\n") : send(response, 503, "not ready\n");
  if (path !== "/metrics") return send(response, 404, "nothing here\n");
  response.setHeader("Content-Type", registry.contentType);
  return send(response, 200, await registry.metrics());
}

function send(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.end(text);
}
