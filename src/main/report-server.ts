/** The server that workers send their reports to. */
import { createServer, type RequestListener } from "node:http";
import type { ListenAddress } from "../cli/serve-options.ts";
import { type ListeningServer, requestMilliseconds, startListening } from "./listening-server.ts";

/** More workers than that are not run by one cluster; more connections are somebody's mistake. */
const mostReporters = 10_000;

/** Throws ListenFailed. */
export async function startReportServer(
  listen: ListenAddress,
  handler: RequestListener,
): Promise<ListeningServer> {
  const server = createServer({ connectionsCheckingInterval: requestMilliseconds }, handler);
  server.headersTimeout = requestMilliseconds / 2;
  // Workers that have nothing new to tell are silent for a while.
  server.keepAliveTimeout = 3 * requestMilliseconds;
  server.maxConnections = mostReporters;
  return startListening(server, listen, "--report-listen");
}
