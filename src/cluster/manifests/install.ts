/** Everything that an installation consists of, in an order in which it can be applied in one go. */
import { customKinds } from "./custom-kinds.ts";
import { customResource } from "./custom-resource.ts";
import { documentPolicy } from "./document-policy.ts";
import { type InstallOptions, systemLabels } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";
import { networkPolicies } from "./network-policies.ts";
import { operatorAccount } from "./operator-account.ts";
import { operatorDeployment, operatorDisruptionBudget, operatorService } from "./operator-deployment.ts";
import { operatorPolicy } from "./operator-policy.ts";
import { tenantRoles } from "./tenant-roles.ts";

/** The policies come before what they bind: the operator never runs without them. */
export function installManifests(options: InstallOptions): readonly Manifest[] {
  const { namespace } = options;
  return [
    systemNamespace(namespace),
    ...customKinds.map(customResource),
    ...documentPolicy(namespace),
    ...operatorPolicy(options),
    ...tenantRoles,
    ...operatorAccount(namespace),
    ...networkPolicies(options),
    operatorService(namespace),
    operatorDisruptionBudget(namespace),
    operatorDeployment(options),
  ];
}

const systemNamespace = (name: string): Manifest => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name,
    labels: {
      ...systemLabels,
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
    },
  },
});
