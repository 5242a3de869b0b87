/** The operator's Deployment: two alike, of which one leads; unprivileged, with a root that can't be written. */
import { type InstallOptions, operatorLabels as labels, operatorName as name } from "./install-options.ts";
import type { Manifest } from "./manifest.ts";

export const operatorPort = 8080;
/** Of workers' reports. */
export const reportPort = 8081;
const selector = { matchLabels: labels };

export function operatorDeployment(options: InstallOptions): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: options.namespace, labels },
    spec: {
      replicas: options.replicas,
      revisionHistoryLimit: 3,
      selector,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
      template: { metadata: { labels }, spec: podSpec(options) },
    },
  };
}

function podSpec(options: InstallOptions): object {
  const { imagePullSecret, priorityClassName } = options;
  return {
    serviceAccountName: name,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    ...(imagePullSecret !== "" && { imagePullSecrets: [{ name: imagePullSecret }] }),
    ...(priorityClassName !== "" && { priorityClassName }),
    // The loss of one node should not be the loss of both.
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: selector,
      },
    ],
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    terminationGracePeriodSeconds: 30,
    containers: [container(options)],
    volumes: [{ name: "scratch", emptyDir: { sizeLimit: "64Mi" } }],
  };
}

function container(options: InstallOptions): object {
  const { image, imagePullPolicy, cpu, memory } = options;
  const probe = (path: string) => ({
    httpGet: { path, port: "http" },
    periodSeconds: 10,
    timeoutSeconds: 5,
  });
  return {
    name: "operator",
    image,
    imagePullPolicy,
    args: [
      "operator",
      `--image=${image}`,
      `--image-pull-policy=${imagePullPolicy}`,
      `--max-running=${options.maxRunning}`,
      `--max-running-per-namespace=${options.maxRunningPerNamespace}`,
      `--listen=0.0.0.0:${operatorPort}`,
      `--report-listen=0.0.0.0:${reportPort}`,
      `--report-url=http://${name}.${options.namespace}.svc:${reportPort}`,
    ],
    env: [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      { name: "TMPDIR", value: "/scratch" },
    ],
    ports: [
      { name: "http", containerPort: operatorPort },
      { name: "reports", containerPort: reportPort },
    ],
    startupProbe: { ...probe("/livez"), periodSeconds: 2, failureThreshold: 30 },
    livenessProbe: { ...probe("/livez"), failureThreshold: 6 },
    readinessProbe: probe("/readyz"),
    // No limit of the processor: to be throttled would only make it slow where it has something to do.
    resources: { requests: { cpu, memory }, limits: { memory } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [{ name: "scratch", mountPath: "/scratch" }],
  };
}

export const operatorDisruptionBudget = (namespace: string): Manifest => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name, namespace, labels },
  spec: { maxUnavailable: 1, selector },
});

/** Where its measurements are, and where workers report. */
export const operatorService = (namespace: string): Manifest => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace, labels },
  spec: {
    selector: labels,
    ports: [
      { name: "http", port: 80, targetPort: "http" },
      { name: "reports", port: reportPort, targetPort: "reports" },
    ],
  },
});
