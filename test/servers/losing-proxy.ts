/** A line between us and a server on which answers get lost: the request is carried out, and then the connection breaks. */
import { once } from "node:events";
import { createServer, connect, type Socket } from "node:net";

export interface LosingProxy extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** Connections that were broken so far. */
  readonly losses: () => number;
}

/** `isLost` is asked for each run of bytes on its way back. */
export async function startLosingProxy(endpoint: string, isLost: () => boolean): Promise<LosingProxy> {
  const target = new URL(endpoint);
  const sockets = new Set<Socket>();
  let losses = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const end = (): void => {
      for (const socket of [client, upstream]) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", end);
      socket.on("close", end);
    }
    client.pipe(upstream);
    upstream.on("data", (bytes) => {
      if (isLost()) {
        losses++;
        return end();
      }
      if (!client.write(bytes)) upstream.pause();
    });
    client.on("drain", () => upstream.resume());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the proxy has no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    losses: () => losses,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
