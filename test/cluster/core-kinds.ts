/** Kinds of Kubernetes' own that tests make or look at and the operator does not. */
import type { KubeResource } from "../../src/cluster/kube-api.ts";

const version = "v1";

export const secrets: KubeResource = {
  group: "",
  version,
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
};
export const validatingWebhooks: KubeResource = {
  group: "admissionregistration.k8s.io",
  version,
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
  namespaced: false,
};
export const runtimeClasses: KubeResource = {
  group: "node.k8s.io",
  version,
  plural: "runtimeclasses",
  kind: "RuntimeClass",
  namespaced: false,
};
export const deployments: KubeResource = {
  group: "apps",
  version,
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};
