/** Rights of people on our documents: added to Kubernetes' own roles view, edit and admin, and one for who may export and no more. */
import { apiGroup } from "../../domain/resources/resource.ts";
import { systemLabels } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";
import type { PolicyRule } from "./policy-rule.ts";

const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];
const ours = (resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
});

const viewRules = [ours(["exports", "exportdestinations"], read)];
const exportRules = [
  ours(["exports", "downloadgrants"], [...read, ...write]),
  ours(["exportdestinations"], read),
];
const downloadRule = ours(["exports/download"], ["get"]);
/** Who administers a namespace may let others export a claim of it, for which he must be let himself. */
const claimRule: PolicyRule = {
  apiGroups: [""],
  resources: ["persistentvolumeclaims"],
  verbs: ["export"],
};

export const tenantRoles: readonly Manifest[] = [
  clusterRole("longshore-view", viewRules, "view"),
  clusterRole("longshore-edit", [...exportRules, ours(["exportdestinations"], write), downloadRule], "edit"),
  clusterRole("longshore-admin", [claimRule], "admin"),
  // Bound by hand, beside the verb `export` on claims: for who may not create pods.
  clusterRole("longshore-exporter", exportRules),
];

function clusterRole(name: string, rules: readonly PolicyRule[], aggregateTo?: string): Manifest {
  const aggregation =
    aggregateTo === undefined ? {} : { [`rbac.authorization.k8s.io/aggregate-to-${aggregateTo}`]: "true" };
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name, labels: { ...systemLabels, ...aggregation } },
    rules,
  };
}
