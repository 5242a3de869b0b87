/** Whether an Export has come to its end: what its condition Succeeded says. */
import { type Condition, conditionOf } from "./condition.ts";
import type { Export } from "./resource.ts";

/** Undefined of one that nobody has looked at yet. */
export const succeededOf = ({ status }: Pick<Export, "status">): Condition | undefined =>
  conditionOf(status?.conditions, "Succeeded");

/** Well or not; it will not change by itself any more. */
export const hasEnded = (resource: Pick<Export, "status">): boolean =>
  (succeededOf(resource)?.status ?? "Unknown") !== "Unknown";
