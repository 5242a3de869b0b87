/** The kinds of Kubernetes that running exports has to do with, as far as it looks at them. */
import type { KubeObject, KubeResource } from "../kube-api.ts";
import type { Container, PodSpec } from "./pod-spec.ts";

const core = (plural: string, kind: string, namespaced = true): KubeResource => ({
  group: "",
  version: "v1",
  plural,
  kind,
  namespaced,
});

export const jobs: KubeResource = {
  group: "batch",
  version: "v1",
  plural: "jobs",
  kind: "Job",
  namespaced: true,
};
export const pods = core("pods", "Pod");
export const events = core("events", "Event");
export const claims = core("persistentvolumeclaims", "PersistentVolumeClaim");
export const nodes = core("nodes", "Node", false);
export const quotas = core("resourcequotas", "ResourceQuota");
export const limitRanges = core("limitranges", "LimitRange");
export const namespaces = core("namespaces", "Namespace", false);

export interface StatusCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface PodTemplate {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

export interface Job extends KubeObject {
  readonly spec: {
    readonly completions?: number;
    readonly parallelism?: number;
    readonly completionMode?: "Indexed" | "NonIndexed";
    readonly backoffLimit?: number;
    readonly backoffLimitPerIndex?: number;
    readonly activeDeadlineSeconds?: number;
    readonly ttlSecondsAfterFinished?: number;
    readonly podFailurePolicy?: object;
    readonly suspend?: boolean;
    readonly template: PodTemplate;
  };
  readonly status?: { readonly conditions?: readonly StatusCondition[] };
}

export interface Pod extends KubeObject {
  /** Of pods of others, too: these may have less. */
  readonly spec: Omit<PodSpec, LeftOut | "containers"> & {
    readonly nodeName?: string;
    readonly containers: readonly SomeContainer[];
  } & Partial<Pick<PodSpec, LeftOut>>;
  readonly status?: {
    readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly StatusCondition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

type LeftOut = "volumes" | "securityContext";
type SomeContainer = Omit<Container, "volumeMounts" | "securityContext"> &
  Partial<Pick<Container, "volumeMounts" | "securityContext">>;

export interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: Terminated;
  };
}

export interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly finishedAt?: string;
}

export interface ClusterEvent extends KubeObject {
  readonly involvedObject: {
    readonly apiVersion?: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid?: string;
  };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly eventTime?: string | null;
}

export interface Node extends KubeObject {
  readonly status?: { readonly conditions?: readonly StatusCondition[] };
}

export interface Claim extends KubeObject {
  readonly spec: { readonly accessModes?: readonly string[] };
}
