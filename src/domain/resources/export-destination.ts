/** ExportDestination: a place that exports of its namespace may name. */
import { z } from "zod";
import { BucketPlace } from "./bucket-place.ts";
import { Conditions } from "./condition.ts";
import { DirectoryPlace } from "./export.ts";
import { exactlyOneOf, withRules } from "./validation-rule.ts";
import { VolumePlace } from "./volume-place.ts";

export const ExportDestinationSpec = withRules(
  z.strictObject({
    directory: DirectoryPlace.optional(),
    bucket: BucketPlace.optional(),
    volume: VolumePlace.optional(),
  }),
  [exactlyOneOf("spec", ["directory", "bucket", "volume"])],
);
export type ExportDestinationSpec = z.infer<typeof ExportDestinationSpec>;

export const ExportDestinationStatus = z.strictObject({
  conditions: Conditions.optional().describe("Ready says whether it can be used."),
  observedGeneration: z.int().nonnegative().optional().describe("Of the spec that this status is about."),
});
export type ExportDestinationStatus = z.infer<typeof ExportDestinationStatus>;
