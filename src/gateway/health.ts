/** Whether the process lives, whether it is ready, and its measurements. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopbackAddress } from "./auth/address.ts";
import { authenticate, authorize } from "./auth/caller.ts";
import type { GatewayDependencies } from "./dependencies.ts";
import { isLoopbackHost } from "./http/cross-origin.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Metrics } from "./metrics.ts";

export function addHealth(app: FastifyInstance, isReady: () => boolean): void {
  app.get("/livez", async () => ({ status: "alive" }));
  app.get("/readyz", async (_request, reply) => {
    const ready = isReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not ready" });
  });
}

export interface MetricsHome {
  readonly identity: GatewayDependencies["identity"];
  readonly metrics: Metrics;
  readonly lifetime: Lifetime;
}

export function addMetricsRoute(app: FastifyInstance, { identity, metrics, lifetime }: MetricsHome): void {
  app.get("/metrics", {
    config: { kind: "Metrics" },
    onRequest: async (request) => {
      if (isLocal(request)) return;
      const caller = await authenticate(identity, request.headers.authorization, lifetime.ended);
      request.caller = caller;
      authorize(caller, "administer");
    },
    handler: async (_request, reply) => {
      const { registry } = metrics;
      return reply.header("Content-Type", registry.contentType).send(await registry.metrics());
    },
  });
}

/** A program on this machine; not a page that made its own name lead here, nor what a proxy passes on for others. */
function isLocal({ address, headers }: FastifyRequest): boolean {
  const isPassedOn = headers["x-forwarded-for"] !== undefined || headers["forwarded"] !== undefined;
  return isLoopbackAddress(address) && isLoopbackHost(headers.host) && !isPassedOn;
}
