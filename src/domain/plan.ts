/** plan.json: whose export this is, what was asked for, and what each part holds. From when it exists the plan is frozen. */
import { z } from "zod";
import { RequestOptions } from "./manifest.ts";
import { FileDigest, ObjectName } from "./receipt.ts";
import { count, sha256Hex } from "./schema-words.ts";

/** Who made the folder and what for; known before the first entry is. */
export const ExportRequest = z.strictObject({
  formatVersion: z.literal(1),
  name: z.string(),
  /** A random id; of an Export of one machine its uid; in a cluster the cluster's uid, the namespace's and the Export's, with "/" between. */
  owner: z.string(),
  source: z.string(),
  startedAt: z.iso.datetime(),
  options: RequestOptions,
  /** Who will sign for it, if anybody (see Statement). */
  issuer: z.string().optional(),
  /** The upload whose parts become the archive, begun before the first was packed; absent where parts are objects. */
  upload: z.strictObject({ object: ObjectName, id: z.string().max(4096) }).optional(),
});
export type ExportRequest = z.infer<typeof ExportRequest>;

/** Whether what records name is the owner who asks: early builds wrote the uid of a cluster's Export alone. */
export const isOwner = (asked: string, recorded: string): boolean =>
  asked === recorded || (recorded !== "" && asked.endsWith(`/${recorded}`));

const PlannedPartRecord = z.strictObject({
  number: count,
  key: sha256Hex,
  entries: count,
  files: count,
  content: count,
  startsInside: z.boolean(),
  endsInside: z.boolean(),
  settled: z.boolean(),
  page: FileDigest,
});

export const Plan = z.strictObject({
  formatVersion: z.literal(1),
  request: ExportRequest,
  plannedAt: z.iso.datetime(),
  totals: z.strictObject({ entries: count, files: count, content: count }),
  parts: z.array(PlannedPartRecord),
});
export type Plan = z.infer<typeof Plan>;
