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

/** Disposing it ends its connections. Throws ListenFailed, whose hint names the option that said where. */
export async function startListening(
  server: Server,
  listen: ListenAddress,
  option: string,
): Promise<ListeningServer> {
  const { host, port } = listen;
  server.requestTimeout = requestMilliseconds;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenFailed("the operator", listen, option, cause)));
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `${host}:${taken}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function listenFailed(
  who: string,
  { host, port }: ListenAddress,
  option: string,
  cause: unknown,
): LongshoreError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LongshoreError("ListenFailed", `${who} can't listen on ${host}:${port} (${reason})`, {
    cause,
    hint: `choose another ${option}`,
  });
}
