/** Who packs an export, and what its pods in a cluster may ask for: no containers, environment, volumes, account, capabilities. */
import { z } from "zod";
import { boundedMap } from "./bounded-map.ts";
import { LocalReference } from "./local-reference.ts";
import { ObjectName } from "./names.ts";
import { Affinity, Labels, Toleration, TopologySpreadConstraint } from "./scheduling.ts";
import { withRules } from "./validation-rule.ts";

/** As Kubernetes writes amounts of processors and memory; finer than whole bytes. */
const Amount = withRules(z.union([z.int().nonnegative(), z.string().max(32)]), [
  {
    rule: "isQuantity(string(self)) && !string(self).startsWith('-')",
    message: 'must be an amount such as 2, "500m" or "512Mi"',
    holds: (amount) =>
      /^[+]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3}|[numkMGTPE]|[KMGTPE]i)?$/.test(String(amount)),
  },
]).meta({ "x-kubernetes-int-or-string": true });

const Amounts = boundedMap(Amount, 8);

/** Ours, the Job controller's, and those that loosen what confines a container. */
const reservedKey =
  "^([^/]*[.])?(longshore[.]dev|batch[.]kubernetes[.]io|security[.](alpha|beta)[.]kubernetes[.]io)/";
const withoutReserved = <T extends Readonly<Record<string, string>>>(map: z.ZodType<T>) =>
  withRules(map, [
    {
      rule: `!self.exists(key, key.matches('${reservedKey}'))`,
      message: "must have no key of longshore.dev, batch.kubernetes.io or a security annotation",
      holds: (value) => !Object.keys(value).some((key) => new RegExp(reservedKey).test(key)),
    },
  ]);

const Id = z.int().min(0).max(2_147_483_647);
const SeLinuxText = z.string().max(253).optional().describe("As in a pod.");

const SecurityContext = z
  .strictObject({
    runAsUser: Id.min(1).optional().describe("User of the worker; never 0, see readAs."),
    runAsGroup: Id.optional().describe("Group of the worker, and of what it writes."),
    supplementalGroups: z
      .array(Id)
      .max(16)
      .optional()
      .describe("Further groups, such as the one that may read the source."),
    seLinuxOptions: z
      .strictObject({ user: SeLinuxText, role: SeLinuxText, type: SeLinuxText, level: SeLinuxText })
      .optional()
      .describe(
        "Those of a pod that uses the volume; user, role and most types take a privileged namespace.",
      ),
  })
  .describe("As in a pod.");

const shape = z.strictObject({
  mode: z
    .enum(["Sequential", "Indexed"])
    .default("Sequential")
    .describe(
      "Sequential: one worker with all the threads it may have. Indexed: `count` workers at the same time.",
    ),
  count: z.int().min(1).max(256).default(1).describe("Workers of the mode Indexed."),
  resources: z
    .strictObject({
      requests: Amounts.optional().describe("What the node must have free."),
      limits: Amounts.optional().describe("What a worker may use."),
    })
    .optional()
    .describe("Processors, memory and the like of each worker, as in a container."),
  nodeSelector: Labels.optional().describe("Labels of the nodes that workers may run on."),
  tolerations: z.array(Toleration).max(32).optional().describe("Taints that workers bear, as in a pod."),
  affinity: Affinity.optional(),
  topologySpreadConstraints: z.array(TopologySpreadConstraint).max(8).optional().describe("As in a pod."),
  priorityClassName: withRules(ObjectName, [
    {
      rule: "!self.startsWith('system-')",
      message: "must not be one of the system's own classes",
      holds: (name) => !name.startsWith("system-"),
    },
  ])
    .optional()
    .describe("A PriorityClass."),
  runtimeClassName: ObjectName.optional().describe("A RuntimeClass."),
  imagePullSecrets: z
    .array(LocalReference)
    .max(8)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .optional()
    .describe("Secrets with which the node fetches the worker's image."),
  labels: withoutReserved(Labels).optional().describe("Further labels of the pods."),
  annotations: withoutReserved(boundedMap(z.string().max(4096), 64))
    .optional()
    .describe("Further annotations of the pods."),
  securityContext: SecurityContext.optional(),
  readAs: z
    .enum(["NonRoot", "Root"])
    .default("NonRoot")
    .describe(
      "NonRoot: what the worker's user can't read is a difference. Root: user 0, who reads everything; " +
        "only in namespaces that allow it by the annotation longshore.dev/privileged-workers.",
    ),
});

export const Workers = withRules(shape, [
  {
    rule: "self.readAs != 'Root' || !has(self.securityContext) || !has(self.securityContext.runAsUser)",
    message: "securityContext.runAsUser can't stand beside readAs: Root, which is user 0",
    holds: ({ readAs, securityContext }) => readAs !== "Root" || securityContext?.runAsUser === undefined,
  },
]).describe("Who packs.");

/** Members that only a cluster can give. */
export const clusterOnlyWorkerMembers: readonly string[] = Object.keys(shape.shape).filter(
  (member) => member !== "mode" && member !== "count" && member !== "readAs",
);
