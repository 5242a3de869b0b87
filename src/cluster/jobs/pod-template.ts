/** The pod of a worker: unprivileged, with a root that can't be written, no token but to report, and nothing but its volumes. */
import { reportAccess } from "../reports/report-access.ts";
import { mountPaths } from "./mount-paths.ts";
import type { Mounts } from "./mounts.ts";
import type { PodTemplate } from "./objects.ts";
import type { Affinity, Container, PodSpec, SecurityContext } from "./pod-spec.ts";
import type { WorkerJob, WorkerSettings } from "./worker-job.ts";
import { labels as names } from "./worker-labels.ts";
import type { EnvironmentVariable, Stage } from "./worker-task.ts";

export const workerContainer = "worker";
/** A worker ends by itself a few seconds before. */
export const graceSeconds = 30;
/** The group of the image's user. */
const imageGroup = 1000;
/** Enough for small exports; more is for `spec.workers.resources` to say. */
const defaultResources = { requests: { cpu: "250m", memory: "256Mi" } };

/** How long a pod stays on a node that is not heard of. */
const tolerations = ["not-ready", "unreachable"].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 30,
}));

export interface TemplateOptions {
  readonly stage: Stage;
  readonly mounts: Mounts;
  readonly environment: readonly EnvironmentVariable[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export function workerPodTemplate(
  job: WorkerJob,
  settings: WorkerSettings,
  options: TemplateOptions,
): PodTemplate {
  const { workers } = job;
  const { volumes } = reportAccess(settings.reportUrl, options.stage);
  return {
    metadata: {
      labels: { ...workers.labels, ...options.labels },
      annotations: { ...workers.annotations, ...options.annotations },
    },
    spec: {
      ...placement(job, options),
      automountServiceAccountToken: false,
      containers: [container(job, settings, options)],
      enableServiceLinks: false,
      ...(workers.imagePullSecrets && { imagePullSecrets: workers.imagePullSecrets }),
      restartPolicy: "Never",
      securityContext: podSecurity(job, options.mounts),
      terminationGracePeriodSeconds: graceSeconds,
      volumes: [...options.mounts.volumes, ...volumes],
    },
  };
}

function container(
  { workers }: WorkerJob,
  { image, imagePullPolicy, reportUrl }: WorkerSettings,
  { stage, mounts, environment }: TemplateOptions,
): Container {
  const report = reportAccess(reportUrl, stage);
  return {
    name: workerContainer,
    image,
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    args: ["worker", "--stage", stage],
    env: [...environment, ...report.environment, { name: "TMPDIR", value: mountPaths.scratch }],
    resources: workers.resources ?? defaultResources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], ...(workers.readAs === "Root" && { add: ["DAC_OVERRIDE"] }) },
    },
    terminationMessagePolicy: "File",
    volumeMounts: [...mounts.volumeMounts, ...report.volumeMounts],
  };
}

/** The kubelet gives a claim that is written to the group, unless it has it already; one that is read stays as it is. */
function podSecurity({ workers, seLinuxLevel: level }: WorkerJob, { writesClaim }: Mounts): SecurityContext {
  const own = { ...(level && { seLinuxOptions: { level } }), ...workers.securityContext };
  const user = workers.readAs === "Root" ? { runAsUser: 0, runAsNonRoot: false } : { runAsNonRoot: true };
  const group = { fsGroup: own.runAsGroup ?? imageGroup, fsGroupChangePolicy: "OnRootMismatch" };
  return { ...own, ...user, ...(writesClaim && group), seccompProfile: { type: "RuntimeDefault" } };
}

type Placement = Pick<
  PodSpec,
  | "affinity"
  | "nodeSelector"
  | "priorityClassName"
  | "runtimeClassName"
  | "tolerations"
  | "topologySpreadConstraints"
>;

function placement(job: WorkerJob, { stage, labels }: TemplateOptions): Placement {
  const { nodeSelector, priorityClassName, runtimeClassName, topologySpreadConstraints } = job.workers;
  const affinity = affinityOf(job, stage === "pack" ? labels : undefined);
  return {
    ...(affinity && { affinity }),
    ...(nodeSelector && { nodeSelector }),
    ...(priorityClassName && { priorityClassName }),
    ...(runtimeClassName && { runtimeClassName }),
    ...(topologySpreadConstraints && { topologySpreadConstraints }),
    tolerations: [...(job.workers.tolerations ?? []), ...tolerations],
  };
}

/** What the Export asks for, and the node that a volume ties us to; never `nodeName`, which passes the scheduler by. */
function affinityOf(
  { workers, node, sharesNode }: WorkerJob,
  together: Readonly<Record<string, string>> | undefined,
): Affinity | undefined {
  let affinity: Affinity = workers.affinity ?? {};
  if (node !== undefined) affinity = onNode(affinity, node);
  else if (sharesNode && together !== undefined) affinity = onOneNode(affinity, together);
  return Object.keys(affinity).length === 0 ? undefined : affinity;
}

/** Of several terms one has to fit, so each gets it. */
function onNode(affinity: Affinity, node: string): Affinity {
  const required = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required?.nodeSelectorTerms ?? [{}];
  const field = { key: "metadata.name", operator: "In" as const, values: [node] };
  const nodeSelectorTerms = terms.map((term) => ({
    ...term,
    matchFields: [...(term.matchFields ?? []), field],
  }));
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
    },
  };
}

/** All pods of a Job go where its first one went. */
function onOneNode(affinity: Affinity, labels: Readonly<Record<string, string>>): Affinity {
  const { podAffinity = {} } = affinity;
  const matchLabels = {
    [names.exportUid]: labels[names.exportUid] ?? "",
    [names.stage]: labels[names.stage] ?? "",
  };
  const term = { labelSelector: { matchLabels }, topologyKey: "kubernetes.io/hostname" };
  const before = podAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return {
    ...affinity,
    podAffinity: {
      ...podAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: [...before, term],
    },
  };
}
