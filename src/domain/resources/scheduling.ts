/** Where in a cluster a worker's pod may run: the parts of a PodSpec that say so, as Kubernetes has them, within bounds. */
import { z } from "zod";
import { boundedMap } from "./bounded-map.ts";

const LabelKey = z.string().min(1).max(317);
const Key = LabelKey.describe("Of a label.");
const Value = z.string().max(63);
const LabelKeys = z.array(LabelKey).max(8).optional();
const Weight = z.int().min(1).max(100).describe("What it counts among the preferences.");

export const Labels = boundedMap(Value, 64);

const setOperators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;
const operator = <O extends string>(operators: readonly O[]) =>
  z.enum(operators).describe("How the label's value is compared.");

const LabelSelector = z
  .strictObject({
    matchLabels: Labels.optional().describe("Labels with exactly these values."),
    matchExpressions: z
      .array(
        z.strictObject({
          key: Key,
          operator: operator(setOperators),
          values: z.array(Value).max(64).optional().describe("Of In and NotIn."),
        }),
      )
      .max(32)
      .optional()
      .describe("All of these must hold."),
  })
  .describe("Which pods of the namespace.");

const NodeRequirements = z
  .array(
    z.strictObject({
      key: Key,
      operator: operator([...setOperators, "Gt", "Lt"]),
      values: z.array(z.string().max(253)).max(64).optional().describe("Of all operators but Exists."),
    }),
  )
  .max(32)
  .optional();
const NodeTerm = z
  .strictObject({
    matchExpressions: NodeRequirements.describe("Labels of the node."),
    matchFields: NodeRequirements.describe("Fields of the node, such as metadata.name."),
  })
  .describe("All of it must hold.");

/** Without `namespaces` and their selector: an export has nothing to do with the pods of others. */
const PodTerm = z
  .strictObject({
    labelSelector: LabelSelector.optional(),
    topologyKey: Key.describe("The label by which nodes are one place."),
    matchLabelKeys: LabelKeys.describe("Labels that must be those of the worker's pod."),
    mismatchLabelKeys: LabelKeys.describe("Labels that must not be those of the worker's pod."),
  })
  .describe("Pods, and the places where they run.");
const PodTerms = z
  .strictObject({
    requiredDuringSchedulingIgnoredDuringExecution: z
      .array(PodTerm)
      .max(8)
      .optional()
      .describe("All of these must hold."),
    preferredDuringSchedulingIgnoredDuringExecution: z
      .array(z.strictObject({ weight: Weight, podAffinityTerm: PodTerm }))
      .max(8)
      .optional()
      .describe("These count where there is a choice."),
  })
  .optional();

const NodeAffinity = z
  .strictObject({
    requiredDuringSchedulingIgnoredDuringExecution: z
      .strictObject({
        nodeSelectorTerms: z.array(NodeTerm).min(1).max(16).describe("One of these must hold."),
      })
      .optional()
      .describe("What must hold."),
    preferredDuringSchedulingIgnoredDuringExecution: z
      .array(z.strictObject({ weight: Weight, preference: NodeTerm }))
      .max(16)
      .optional()
      .describe("These count where there is a choice."),
  })
  .optional();

export const Affinity = z
  .strictObject({
    nodeAffinity: NodeAffinity.describe("Nodes on which workers run."),
    podAffinity: PodTerms.describe("Pods beside which workers run."),
    podAntiAffinity: PodTerms.describe("Pods beside which workers don't run."),
  })
  .describe("As in a pod, without the pods of other namespaces.");

export const Toleration = z.strictObject({
  key: z.string().max(317).optional().describe("Of the taint; all taints if it is missing."),
  operator: z.enum(["Exists", "Equal"]).optional().describe("Equal unless said."),
  value: Value.optional().describe("Of the taint."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .optional()
    .describe("Of the taint; all if it is missing."),
  tolerationSeconds: z.int().optional().describe("How long a worker stays in spite of NoExecute."),
});

const whetherTo = (what: string) => z.enum(["Honor", "Ignore"]).optional().describe(what);
export const TopologySpreadConstraint = z.strictObject({
  maxSkew: z.int().min(1).max(1000).describe("By how many pods places may differ."),
  topologyKey: Key.describe("The label by which nodes are one place."),
  whenUnsatisfiable: z
    .enum(["DoNotSchedule", "ScheduleAnyway"])
    .describe("What happens where it can't hold."),
  labelSelector: LabelSelector.optional(),
  minDomains: z.int().min(1).max(1000).optional().describe("Fewest places."),
  nodeAffinityPolicy: whetherTo("Whether only nodes count that affinity allows."),
  nodeTaintsPolicy: whetherTo("Whether only nodes count whose taints are tolerated."),
  matchLabelKeys: LabelKeys.describe("Labels that must be those of the worker's pod."),
});
