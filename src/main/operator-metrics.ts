/** What is measured of the operator. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";

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
