/** Kinds of Kubernetes' own that tests make and the operator does not look at. */
import type { KubeResource } from "../../src/cluster/kube-api.ts";

const core = (plural: string, kind: string): KubeResource => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced: true,
});

export const secrets = core("secrets", "Secret");
export const quotas = core("resourcequotas", "ResourceQuota");
export const limitRanges = core("limitranges", "LimitRange");
