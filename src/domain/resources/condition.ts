/** One aspect of a resource's state (Kubernetes API conventions, "Typical status properties"). */
import { z } from "zod";

export const Condition = z.strictObject({
  type: z.string().max(316).describe("Which aspect."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it is so; Unknown while nobody can say."),
  reason: z
    .string()
    .max(1024)
    .describe("One word in CamelCase; for Succeeded of an Export it is what the Status column shows."),
  message: z.string().max(32_768).describe("One sentence for a person."),
  lastTransitionTime: z.iso.datetime().describe("When `status` last changed."),
  observedGeneration: z.int().nonnegative().optional().describe("Of the spec that this condition is about."),
});
export type Condition = z.infer<typeof Condition>;

export const Conditions = z
  .array(Condition)
  .max(16)
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });

/** The list with this condition in it. The time of the last transition moves only when `status` changes. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Omit<Condition, "lastTransitionTime">,
  now: number,
): Condition[] {
  const others = (conditions ?? []).filter(({ type }) => type !== condition.type);
  const before = conditions?.find(({ type }) => type === condition.type);
  const lastTransitionTime =
    before?.status === condition.status ? before.lastTransitionTime : new Date(now).toISOString();
  return [...others, { ...condition, lastTransitionTime }];
}

export function conditionOf(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}
