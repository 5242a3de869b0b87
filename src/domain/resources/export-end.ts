/** Whether an Export has come to its end: what its condition Succeeded says. */
import { LongshoreError } from "../errors.ts";
import { type Condition, conditionOf } from "./condition.ts";
import type { Export } from "./resource.ts";

/** Undefined of one that nobody has looked at yet. */
export const succeededOf = ({ status }: Pick<Export, "status">): Condition | undefined =>
  conditionOf(status?.conditions, "Succeeded");

/** Well or not; it will not change by itself any more. */
export const hasEnded = (resource: Pick<Export, "status">): boolean =>
  (succeededOf(resource)?.status ?? "Unknown") !== "Unknown";

/** Throws AlreadyEnded where cancelling comes too late; of one that was cancelled before, it is only said once more. */
export function refuseTooLate(resource: Export): void {
  const ended = succeededOf(resource);
  if (ended === undefined || ended.status === "Unknown" || ended.reason === "Canceled") return;
  const { namespace, name } = resource.metadata;
  const how = ended.status === "True" ? "has succeeded" : `has failed (${ended.reason})`;
  throw new LongshoreError(
    "AlreadyEnded",
    `the export ${namespace}/${name} ${how} and can't be cancelled any more`,
  );
}
