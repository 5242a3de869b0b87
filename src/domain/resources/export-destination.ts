/** ExportDestination: a place that exports of its namespace may name. */
import { z } from "zod";
import { Condition } from "./condition.ts";
import { DirectoryPlace } from "./export.ts";
import { exactlyOneOf, withRules } from "./validation-rule.ts";

export const ExportDestinationSpec = withRules(z.strictObject({ directory: DirectoryPlace.optional() }), [
  exactlyOneOf("spec", ["directory"]),
]);
export type ExportDestinationSpec = z.infer<typeof ExportDestinationSpec>;

export const ExportDestinationStatus = z.strictObject({
  conditions: z.array(Condition).max(16).optional(),
  observedGeneration: z.int().nonnegative().optional(),
});
export type ExportDestinationStatus = z.infer<typeof ExportDestinationStatus>;
