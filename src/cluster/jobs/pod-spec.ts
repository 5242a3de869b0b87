/** The part of a pod's spec that workers have. */
import type { ExportSpec } from "../../domain/resources/export.ts";
import type { EnvironmentVariable } from "./worker-task.ts";

type Workers = ExportSpec["workers"];

export interface PodSpec {
  readonly affinity?: Affinity;
  readonly automountServiceAccountToken: boolean;
  readonly containers: readonly Container[];
  readonly enableServiceLinks: boolean;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly priorityClassName?: string;
  readonly restartPolicy: "Never";
  readonly runtimeClassName?: string;
  readonly securityContext: SecurityContext;
  readonly terminationGracePeriodSeconds: number;
  readonly tolerations: readonly object[];
  readonly topologySpreadConstraints?: readonly object[];
  readonly volumes: readonly Volume[];
}

export interface SecurityContext extends Readonly<Record<string, unknown>> {
  readonly seLinuxOptions?: { readonly level?: string | undefined } | undefined;
}

export type Affinity = NonNullable<Workers["affinity"]>;

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly args: readonly string[];
  readonly env: readonly EnvironmentVariable[];
  readonly resources: object;
  readonly securityContext: SecurityContext;
  readonly terminationMessagePolicy: "File";
  readonly volumeMounts: readonly VolumeMount[];
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

interface TokenSource {
  readonly serviceAccountToken: {
    readonly audience: string;
    readonly expirationSeconds: number;
    readonly path: string;
  };
}

export interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
  readonly secret?: { readonly secretName: string };
  readonly emptyDir?: { readonly sizeLimit?: string };
  readonly projected?: { readonly sources: readonly TokenSource[] };
}
