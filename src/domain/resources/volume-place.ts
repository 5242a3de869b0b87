/** A folder in a volume of a cluster, by the claim for it. */
import { z } from "zod";
import { ObjectName } from "./names.ts";
import { withRules } from "./validation-rule.ts";

const Path = withRules(z.string().min(1).max(2048), [
  {
    rule: "!self.matches('(^|/)[.][.]?(/|$)') && !self.matches('[\\\\x00]')",
    message: "must have no . and no .. between its slashes",
    holds: (path) => !/(^|\/)\.\.?(\/|$)|\0/.test(path),
  },
]);

export const VolumePlace = z
  .strictObject({
    claimName: ObjectName.describe("A PersistentVolumeClaim of the same namespace."),
    path: Path.optional().describe(
      "A folder or file in the volume, from its root on; the root if it is missing.",
    ),
  })
  .describe("A volume of a cluster, by its claim.");
