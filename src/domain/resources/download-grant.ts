/** DownloadGrant: a signed, expiring, revocable permission to download one export. The token itself is nowhere in it. */
import { z } from "zod";
import { Conditions } from "./condition.ts";
import { ResourceName } from "./names.ts";
import { Quantity } from "./quantity-field.ts";
import { type ValidationRule, withRules } from "./validation-rule.ts";

/** What the receiver of a grant may be given when it is made: the whole spec but the export, which the path names. */
export const GrantRequest = z.strictObject({
  expiresInSeconds: z
    .int()
    .min(1)
    .max(366 * 86_400)
    .default(86_400)
    .describe("How long after it is made the grant holds."),
  maxBytes: Quantity.optional().describe("Bytes that may be downloaded with it, all requests together."),
  description: z.string().max(1024).optional().describe("For whom and why; shown to whoever lists grants."),
});
export type GrantRequest = z.infer<typeof GrantRequest>;

const shape = z.strictObject({
  exportRef: z.strictObject({ name: ResourceName }).describe("An Export of the same namespace."),
  ...GrantRequest.shape,
  revoked: z.boolean().default(false).describe("Ends it at once; can't be undone."),
});

const staysRevoked: ValidationRule<z.infer<typeof shape>> = {
  rule: "!oldSelf.revoked || self.revoked",
  message: "spec.revoked can't be undone",
  mayBecome: (before, after) => !before.revoked || after.revoked,
};

/** Members of the spec that may change after creation. */
export const mutableGrantFields = ["revoked", "description"] as const satisfies readonly (keyof z.infer<
  typeof shape
>)[];

export const DownloadGrantSpec = withRules(shape, [staysRevoked]);
export type DownloadGrantSpec = z.infer<typeof DownloadGrantSpec>;

export const DownloadGrantStatus = z.strictObject({
  conditions: Conditions.optional().describe("Valid says whether it can be used."),
  observedGeneration: z.int().nonnegative().optional().describe("Of the spec that this status is about."),
  exportUid: z
    .string()
    .max(64)
    .optional()
    .describe("Of the export it was made for: one of the same name that is made later is another."),
  expirationTime: z.iso.datetime().optional().describe("When it ceases to hold."),
  bytesServed: z.int().nonnegative().optional().describe("Bytes downloaded with it so far."),
  lastUsedTime: z.iso.datetime().optional().describe("When somebody last downloaded with it."),
});
export type DownloadGrantStatus = z.infer<typeof DownloadGrantStatus>;
