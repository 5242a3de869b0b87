/** What may be chosen of an installation, and the names that stand in all its parts. */
import type { RunningLimits } from "../../domain/running-limits.ts";

export interface InstallOptions extends RunningLimits {
  /** Of operator and workers. */
  readonly image: string;
  readonly imagePullPolicy: string;
  /** Name of a Secret in the system's namespace; "" for none. */
  readonly imagePullSecret: string;
  /** The system's own. */
  readonly namespace: string;
  readonly replicas: number;
  readonly cpu: string;
  readonly memory: string;
  /** "" for none. */
  readonly priorityClassName: string;
  /** Where the operator may reach the API server, by the Service and behind it. */
  readonly apiServerPorts: readonly number[];
}

export const operatorName = "longshore-operator";

/** Of the program that will serve people; nobody else may say in whose name a document was made. */
const gatewayName = "longshore-gateway";

const userOf = (namespace: string, account: string): string =>
  `system:serviceaccount:${namespace}:${account}`;
export const operatorUser = (namespace: string): string => userOf(namespace, operatorName);
export const gatewayUser = (namespace: string): string => userOf(namespace, gatewayName);

/** On everything that is installed. */
export const systemLabels = {
  "app.kubernetes.io/name": "longshore",
  "app.kubernetes.io/part-of": "longshore",
} as const;

export const operatorLabels = { ...systemLabels, "app.kubernetes.io/component": "operator" } as const;
