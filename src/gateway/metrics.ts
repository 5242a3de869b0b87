/** Measurements in the text format of Prometheus. Labels never have names: of exports, files, people. */
import type { FastifyInstance } from "fastify";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ExportStore } from "../domain/ports/export-store.ts";
import type { StoreMeter } from "../engine/store-metrics.ts";
import { succeededOf } from "../domain/resources/export-end.ts";

export interface Metrics {
  readonly registry: Registry;
  readonly observe: (request: MeasuredRequest) => void;
  readonly downloaded: (bytes: number) => void;
  /** A download was left to a store. */
  readonly redirected: () => void;
}

interface MeasuredRequest {
  /** The pattern of the address. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

/** Told of what object stores are asked, and shows it. */
export function createStoreMeter({ registry }: Metrics): StoreMeter {
  const registers = [registry];
  const requests = new Counter({
    name: "longshore_store_requests_total",
    help: "Requests to object stores, every attempt, by outcome: ok, cancelled, or the code of an error.",
    labelNames: ["scheme", "operation", "outcome"],
    registers,
  });
  const bytes = new Counter({
    name: "longshore_store_bytes_total",
    help: "Bytes read from object stores (in) and stored there (out).",
    labelNames: ["scheme", "direction"],
    registers,
  });
  const durations = new Histogram({
    name: "longshore_store_request_seconds",
    help: "From a request to an object store to the end of its answer's bytes.",
    labelNames: ["scheme", "operation"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers,
  });
  return {
    requested: ({ scheme, operation, outcome, seconds }) => {
      requests.inc({ scheme, operation, outcome });
      durations.observe({ scheme, operation }, seconds);
    },
    moved: ({ scheme, direction, bytes: count }) => bytes.inc({ scheme, direction }, count),
  };
}

/** Reasons are words of the controllers; more than these would be something else. */
const mostReasons = 50;

export function createMetrics(store: ExportStore): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "longshore_http_requests_total",
    help: "Requests by the pattern of their address, method and status.",
    labelNames: ["route", "method", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "longshore_http_request_duration_seconds",
    help: "From the request's headers to the end of the answer.",
    labelNames: ["route", "method"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers,
  });
  const bytes = new Counter({
    name: "longshore_download_bytes_total",
    help: "Bytes of exports that went out in downloads through this server.",
    registers,
  });
  const redirects = new Counter({
    name: "longshore_download_redirects_total",
    help: "Downloads that were sent to a store, which gives their bytes by itself.",
    registers,
  });
  const exports = new Gauge({
    name: "longshore_exports",
    help: "Exports by the reason of their condition Succeeded.",
    labelNames: ["reason"],
    registers,
    collect: async () => {
      const counts = await countByReason(store);
      exports.reset();
      for (const [reason, count] of counts) exports.set({ reason }, count);
    },
  });
  return {
    registry,
    observe: ({ route, method, status, seconds }) => {
      requests.inc({ route, method, status });
      durations.observe({ route, method }, seconds);
    },
    downloaded: (count) => bytes.inc(count),
    redirected: () => redirects.inc(),
  };
}

async function countByReason(store: ExportStore): Promise<Map<string, number>> {
  const { signal } = new AbortController();
  const counts = new Map<string, number>();
  let position: string | undefined;
  do {
    const page = await store.list("Export", { continue: position }, signal);
    for (const resource of page.items) {
      const reason = succeededOf(resource)?.reason ?? "New";
      const label = counts.has(reason) || counts.size < mostReasons ? reason : "Other";
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    position = page.continue;
  } while (position !== undefined);
  return counts;
}

/** Measures every request of the application. */
export function addMeasuring(app: FastifyInstance, metrics: Metrics): void {
  app.addHook("onResponse", (request, reply, done) => {
    metrics.observe({
      route: request.routeOptions.url ?? "unknown",
      method: request.method,
      status: reply.raw.statusCode,
      seconds: reply.elapsedTime / 1000,
    });
    done();
  });
}
