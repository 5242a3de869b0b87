/** Who may speak with whom in the system's namespace; clusters without a network plugin for it take no notice. */
import { type InstallOptions, operatorLabels, operatorName, systemLabels } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";
import { operatorPort, reportPort } from "./operator-deployment.ts";

const apiVersion = "networking.k8s.io/v1";
const kind = "NetworkPolicy";
const policyTypes = ["Ingress", "Egress"];
const port = (number: number, protocol = "TCP") => ({ port: number, protocol });
const dns = [port(53), port(53, "UDP")];

export const networkPolicies = ({ namespace, apiServerPorts }: InstallOptions): readonly Manifest[] => [
  {
    apiVersion,
    kind,
    metadata: { name: "longshore-nothing-else", namespace, labels: systemLabels },
    spec: { podSelector: {}, policyTypes },
  },
  {
    apiVersion,
    kind,
    metadata: { name: operatorName, namespace, labels: operatorLabels },
    spec: {
      podSelector: { matchLabels: operatorLabels },
      policyTypes,
      // Measurements, which say nothing of anybody's data, and reports of workers: both come from any namespace.
      ingress: [{ from: [{ namespaceSelector: {} }], ports: [port(operatorPort), port(reportPort)] }],
      // An API server has an address that no selector can name.
      egress: [{ ports: dns }, { ports: apiServerPorts.map((number) => port(number)) }],
    },
  },
];
