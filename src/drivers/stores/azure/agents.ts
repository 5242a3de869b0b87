/** Connections to a store: kept, limited in number, given up where they fall silent, by a proxy where there is one. */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import type { Environment } from "../../../domain/environment.ts";
import { agentOptions, type ConnectionParameters } from "../../connections/agent-options.ts";

/** In milliseconds. */
export interface ConnectionLimits {
  /** Until a connection stands. */
  readonly connecting: number;
  /** Of silence on a connection after which it is given up. */
  readonly silence: number;
}

const usual: ConnectionLimits = { connecting: 10_000, silence: 60_000 };

/** For URLs of the protocol. Throws InvalidArgument where the bundle can't be read. */
export function makeAgent(
  protocol: string,
  parameters: ConnectionParameters,
  environment: Environment,
  limits = usual,
): HttpAgent {
  const options = { ...agentOptions(parameters, environment), timeout: limits.silence };
  if (protocol === "http:") return limited(new HttpAgent(options), limits);
  return limited(new HttpsAgent(options), limits);
}

/** Node tells of silence and does nothing; the SDK does not listen. */
function limited(agent: HttpAgent, { connecting }: ConnectionLimits): HttpAgent {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => {
    const socket = connect(options, (error, made) => {
      if (made !== undefined) watch(made as Socket, connecting);
      done?.(error, made);
    });
    if (socket !== undefined && socket !== null) watch(socket as Socket, connecting);
    return socket;
  };
  return agent;
}

function watch(socket: Socket, longest: number): void {
  const giveUp = (): void =>
    void socket.destroy(Object.assign(new Error("the store is silent"), { code: "ETIMEDOUT" }));
  socket.on("timeout", giveUp);
  if (!socket.connecting) return;
  const waiting = setTimeout(giveUp, longest);
  const settled = (): void => clearTimeout(waiting);
  socket.once("connect", settled);
  socket.once("close", settled);
}
