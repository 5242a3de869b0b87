/** Puts the HTTP interface together, ready to listen or to be asked without a network. */
import { maxHeaderSize } from "node:http";
import fastify, { type FastifyInstance } from "fastify";
import { addCaller } from "./auth/caller.ts";
import { createRefuse } from "./auth/refusals.ts";
import { defaultLimits, type GatewayDependencies, type GatewayLimits } from "./dependencies.ts";
import { addDownloads } from "./download-route.ts";
import { addHealth, addMetricsRoute } from "./health.ts";
import { addBodyParsers } from "./http/body.ts";
import { answerClientError } from "./http/client-errors.ts";
import { refuseCrossOrigin } from "./http/cross-origin.ts";
import { addErrorHandling } from "./http/errors.ts";
import { addMethodNotAllowed, collectMethods } from "./http/method-not-allowed.ts";
import { routableTarget } from "./http/request-target.ts";
import { addSecurityHeaders } from "./http/security-headers.ts";
import { lifetimeOf } from "./lifetime.ts";
import { addMeasuring } from "./metrics.ts";
import { addOpenApi } from "./openapi/routes.ts";
import { allOperations } from "./operations/all-operations.ts";
import { serveOperation } from "./operations/serve-operation.ts";
import { createGatewayState, type GatewayState } from "./state.ts";

export interface GatewayOptions {
  /** `downloads` has no API, so that an exported page can never be of its origin; `api` has no downloads. */
  readonly serves?: "everything" | "api" | "downloads";
  readonly limits?: Partial<GatewayLimits>;
  /** Of `createGatewayState`, where two gateways serve one installation. */
  readonly state?: GatewayState;
}

/**
 * Listens to nothing yet. `close()` ends streams of events at once, lets requests and downloads go on for
 * `limits.closeDeadline` milliseconds, and resolves when their records are written.
 */
export function createGateway(
  dependencies: GatewayDependencies,
  options: GatewayOptions = {},
): FastifyInstance {
  const { serves = "everything" } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const state = options.state ?? createGatewayState(dependencies, limits);
  const app = createServer(limits);
  const { audit, onError, publicUrl } = dependencies;

  addSecurityHeaders(app);
  addCaller(app);
  const lifetime = lifetimeOf(app, limits.closeDeadline);
  addMeasuring(app, state.metrics);
  addErrorHandling(app, { refuse: createRefuse(audit, state.limiter), onError });
  app.addHook("onRequest", async ({ method, headers }) => refuseCrossOrigin(method, headers, publicUrl));
  addBodyParsers(app);

  const methods = collectMethods(app);
  addHealth(app, dependencies.isReady);
  const { idleTimeout, redirectLifetime } = limits;
  if (serves !== "api") addDownloads(app, { dependencies, state, lifetime, idleTimeout, redirectLifetime });
  if (serves !== "downloads") {
    const operations = allOperations(dependencies, state, limits);
    for (const operation of operations) serveOperation(app, operation, { dependencies, lifetime });
    addMetricsRoute(app, { identity: dependencies.identity, metrics: state.metrics, lifetime });
    addOpenApi(app, operations, dependencies);
  }
  addMethodNotAllowed(app, new Map(methods));
  return app;
}

/** Slow, endless and oversized requests are ended by the server itself, before anything of ours sees them. */
function createServer(limits: GatewayLimits): FastifyInstance {
  const { headersTimeout, requestTimeout, checkInterval, idleTimeout } = limits;
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    connectionTimeout: idleTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    requestTimeout,
    http: { headersTimeout, connectionsCheckingInterval: checkInterval, maxHeaderSize },
    return503OnClosing: false,
    rewriteUrl: (request) => routableTarget(request),
    clientErrorHandler: (error, socket) => answerClientError(error, socket),
    routerOptions: {
      // Addresses are decoded by us, and are as long as headers may be.
      querystringParser: (raw) => ({ raw }),
      maxParamLength: maxHeaderSize,
    },
  });
  app.server.maxConnections = limits.connections;
  app.server.maxHeadersCount = 100;
  return app;
}
