/** One aspect of a resource's state (Kubernetes API conventions, "Typical status properties"). */
import { z } from "zod";

export const Condition = z.strictObject({
  type: z.string().max(316),
  status: z.enum(["True", "False", "Unknown"]),
  /** One word in CamelCase: for `Succeeded` of an Export it is what the Status column shows. */
  reason: z.string().max(1024),
  /** One sentence for a person. */
  message: z.string().max(32_768),
  lastTransitionTime: z.iso.datetime(),
  observedGeneration: z.int().nonnegative().optional(),
});
export type Condition = z.infer<typeof Condition>;

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
