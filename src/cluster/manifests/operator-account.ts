/** The operator's ServiceAccount and every right that it has. It reads no Secrets, and no data. */
import { apiGroup } from "../../domain/resources/resource.ts";
import { operatorLabels as labels, operatorName as name } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";
import type { PolicyRule } from "./policy-rule.ts";

const rbac = "rbac.authorization.k8s.io";
const follow = ["list", "watch"];
const see = ["get", ...follow];

/** In all namespaces: exports run where they are asked for. */
const operatorRules: readonly PolicyRule[] = [
  { apiGroups: [apiGroup], resources: ["exports", "exportdestinations", "downloadgrants"], verbs: see },
  // The end of what has outlived its time, and finalizers; its admission policy sees to it that no spec is changed.
  { apiGroups: [apiGroup], resources: ["exports", "downloadgrants"], verbs: ["delete"] },
  { apiGroups: [apiGroup], resources: ["exports"], verbs: ["update"] },
  {
    apiGroups: [apiGroup],
    resources: ["exports/status", "exportdestinations/status", "downloadgrants/status"],
    verbs: ["update"],
  },
  // Progress is applied under a field manager of its own.
  { apiGroups: [apiGroup], resources: ["exports/status"], verbs: ["patch"] },
  // Where owners are guarded (OwnerReferencesPermissionEnforcement), a Job can have none otherwise.
  { apiGroups: [apiGroup], resources: ["exports/finalizers"], verbs: ["update"] },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: [...see, "create", "delete", "patch"] },
  // Pods are created to try them out alone: its admission policy sees to that too.
  { apiGroups: [""], resources: ["pods"], verbs: [...follow, "create"] },
  // What Kubernetes tells of Jobs and pods, and what the operator tells of Exports.
  { apiGroups: [""], resources: ["events"], verbs: follow },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
  // Whose token a report came with.
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: [""], resources: ["nodes"], verbs: follow },
  { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: see },
  // What keeps pods out: quotas, limits, and the Pod Security that a namespace asks for.
  { apiGroups: [""], resources: ["namespaces"], verbs: see },
  { apiGroups: [""], resources: ["limitranges", "resourcequotas"], verbs: follow },
];

/** In the system's namespace: who leads. */
const operatorLeaseRules: readonly PolicyRule[] = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    resourceNames: [name],
    verbs: ["get", "update"],
  },
];

export function operatorAccount(namespace: string): readonly Manifest[] {
  const apiVersion = `${rbac}/v1`;
  const subjects = [{ kind: "ServiceAccount", name, namespace }];
  const clusterRole = { apiVersion, kind: "ClusterRole", metadata: { name, labels }, rules: operatorRules };
  const role = {
    apiVersion,
    kind: "Role",
    metadata: { name, namespace, labels },
    rules: operatorLeaseRules,
  };
  return [
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name, namespace, labels },
      // Mounted where the Deployment says so, and nowhere else.
      automountServiceAccountToken: false,
    },
    clusterRole,
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name, labels },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects,
    },
    role,
    {
      apiVersion,
      kind: "RoleBinding",
      metadata: { name, namespace, labels },
      roleRef: { apiGroup: rbac, kind: "Role", name },
      subjects,
    },
  ];
}
