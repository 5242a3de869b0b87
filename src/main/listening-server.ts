/** A server of HTTP that listens until it is disposed. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ListenAddress } from "../cli/serve-options.ts";
import { LongshoreError } from "../domain/errors.ts";

export interface ListeningServer extends AsyncDisposable {
  /** "127.0.0.1:8080" */
  readonly address: string;
}

/** Milliseconds that a request may take to arrive. */
export const requestMilliseconds = 10_000;

/** Disposing it ends its connections. Throws ListenFailed. */
export async function startListening(
  server: Server,
  { host, port }: ListenAddress,
): Promise<ListeningServer> {
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
