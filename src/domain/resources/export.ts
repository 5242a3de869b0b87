/** Export: one request and its result. */
import { z } from "zod";
import { BucketPlace } from "./bucket-place.ts";
import { Conditions } from "./condition.ts";
import { specFormats } from "./export-format.ts";
import { ResourceName } from "./names.ts";
import { Quantity, quantityBytes } from "./quantity-field.ts";
import { exactlyOneOf, withRules } from "./validation-rule.ts";
import { VolumePlace } from "./volume-place.ts";
import { Workers } from "./workers.ts";
import { count } from "../schema-words.ts";

const Path = z.string().min(1).max(4096);
const Pattern = z.string().min(1).max(1024);

export const DirectoryPlace = z
  .strictObject({ path: Path.describe("Absolute path of a folder or file of this machine.") })
  .describe("A folder of the server's own machine, inside what `serve --allow` names. A cluster has none.");

const Source = withRules(
  z.strictObject({
    directory: DirectoryPlace.optional(),
    bucket: BucketPlace.optional(),
    volume: VolumePlace.optional(),
  }),
  [exactlyOneOf("spec.source", ["directory", "bucket", "volume"])],
).describe("What to take out.");

const Destination = withRules(
  z.strictObject({
    name: ResourceName.optional().describe("An ExportDestination of the same namespace."),
    directory: DirectoryPlace.optional(),
    bucket: BucketPlace.optional(),
    volume: VolumePlace.optional(),
  }),
  [exactlyOneOf("spec.destination", ["name", "directory", "bucket", "volume"])],
).describe("Where the prepared export lies until it is fetched.");

const minimumPartSize = 1024;

const specShape = z.strictObject({
  source: Source,
  include: z.array(Pattern).max(1000).default([]).describe("Take only what matches (rules of .gitignore)."),
  exclude: z.array(Pattern).max(1000).default([]).describe("Leave out what matches (rules of .gitignore)."),
  format: z.enum(specFormats).default("TarZstd").describe("Of the archive; Files keeps every file as it is."),
  compressionLevel: z
    .int()
    .min(0)
    .max(22)
    .default(3)
    .describe("1 to 22 for TarZstd, 0 to 9 for TarGzip and Zip."),
  destination: Destination,
  workers: Workers.prefault({}),
  partSize: Quantity.default("64Mi").describe("Bytes of archive that a part aims at."),
  consistency: z
    .enum(["Auto", "Snapshot", "Clone", "Live"])
    .default("Auto")
    .describe("What is read: a snapshot or a clone of the volume, or the volume itself; Auto chooses."),
  differences: z
    .enum(["Record", "Fail"])
    .default("Record")
    .describe("What a source that changes meanwhile means."),
  entryDigests: z.boolean().default(false).describe("Have a SHA-256 of every entry in the index."),
  crossFileSystems: z.boolean().default(false).describe("Enter folders on other file systems."),
  previous: z
    .strictObject({ name: ResourceName.describe("Of the Export.") })
    .optional()
    .describe("A finished Export of the same namespace whose unchanged parts are taken over."),
  backoffLimit: z
    .int()
    .min(0)
    .max(100)
    .default(6)
    .describe(
      "Attempts in a row that may fail without making another part safe, before one more is the last.",
    ),
  ttlSecondsAfterFinished: z
    .int()
    .min(0)
    .max(10 * 365 * 86_400)
    .optional()
    .describe("Delete the Export this long after it ended."),
  deletionPolicy: z
    .enum(["Delete", "Retain"])
    .default("Delete")
    .describe("What happens to the prepared data when the Export is deleted."),
  suspend: z.boolean().default(false).describe("Stop the work and keep what is done."),
  cancel: z.boolean().default(false).describe("End it for good; can't be undone."),
});
type SpecShape = z.infer<typeof specShape>;

/** Members of the spec that may change after creation. */
export const mutableExportFields = [
  "suspend",
  "cancel",
  "ttlSecondsAfterFinished",
  "deletionPolicy",
  "workers",
] as const satisfies readonly (keyof SpecShape)[];

const highestLevel = (format: SpecShape["format"]): number => (format === "TarZstd" ? 22 : 9);
const lowestLevel = (format: SpecShape["format"]): number => (format === "TarZstd" ? 1 : 0);
const isCompressed = (format: SpecShape["format"]): boolean => format !== "Tar" && format !== "Files";

export const ExportSpec = withRules(specShape, [
  {
    rule: "self.format in ['Tar', 'Files'] || (self.format == 'TarZstd' ? self.compressionLevel >= 1 : self.compressionLevel <= 9)",
    message: "spec.compressionLevel must be 1 to 22 for TarZstd and 0 to 9 for TarGzip and Zip",
    holds: ({ format, compressionLevel }) =>
      !isCompressed(format) ||
      (compressionLevel >= lowestLevel(format) && compressionLevel <= highestLevel(format)),
  },
  {
    rule: "!isQuantity(string(self.partSize)) || quantity(string(self.partSize)).compareTo(quantity('1Ki')) >= 0",
    message: "spec.partSize must be at least 1Ki",
    holds: ({ partSize }) => quantityBytes(partSize) >= minimumPartSize,
  },
  {
    rule: "!oldSelf.cancel || self.cancel",
    message: "spec.cancel can't be undone",
    mayBecome: (before, after) => !before.cancel || after.cancel,
  },
]);
export type ExportSpec = z.infer<typeof ExportSpec>;

const ExportProgress = z
  .strictObject({
    plannedBytes: count.describe("Bytes of content planned so far; all of them when `planned`."),
    plannedFiles: count.describe("Entries planned so far; all of them when `planned`."),
    plannedParts: count.describe("Parts planned so far; all of them when `planned`."),
    planned: z.boolean().describe("Whether the whole source was walked."),
    bytes: count.describe("Bytes of content that are safe in the destination."),
    files: count.describe("Entries that are safe in the destination."),
  })
  .describe("How far the running attempt is.");
export type ExportProgress = z.infer<typeof ExportProgress>;

export const ExportStatus = z
  .strictObject({
    conditions: Conditions.optional().describe("Succeeded says how it stands with the export as a whole."),
    observedGeneration: count.optional().describe("Of the spec that this status is about."),
    startTime: z.iso.datetime().optional().describe("When the first attempt began."),
    completionTime: z.iso.datetime().optional().describe("When it ended, well or not."),
    expirationTime: z.iso.datetime().optional().describe("When it will be deleted."),
    files: count.optional().describe("Entries in the export."),
    differences: count
      .optional()
      .describe("Entries that were not as planned; differences.jsonl in the export lists them."),
    parts: z
      .strictObject({
        total: count.describe("Parts of the export."),
        succeeded: count.describe("Parts that are safe in the destination."),
        reused: count.describe("Parts taken over from an earlier export."),
        failed: count.describe("Parts that are missing because the export has failed; 0 until it has."),
      })
      .optional()
      .describe("How many parts it has, and how far they are."),
    bytes: z
      .strictObject({
        source: count.describe("Bytes of content read from the source."),
        written: count.describe("Bytes put into the destination."),
        redone: count.describe("Bytes that had to be packed again after an interruption."),
      })
      .optional()
      .describe("What was read and written."),
    display: z
      .strictObject({
        parts: z.string().max(64).describe("Such as 12/40."),
        size: z.string().max(64).describe("A quantity, such as 1.2Gi."),
      })
      .optional()
      .describe("What tables show of parts and bytes."),
    progress: ExportProgress.optional(),
    failures: count.optional().describe("Attempts that failed."),
    retries: z
      .strictObject({
        inVain: count.describe(
          "Attempts in a row that failed and made no part safe that was not safe before.",
        ),
        safeParts: count.describe("The most parts that were safe when an attempt failed."),
      })
      .optional()
      .describe("Which of the failures count towards backoffLimit."),
    nextAttemptTime: z.iso.datetime().optional().describe("When the next attempt may begin."),
    manifestDigest: z
      .string()
      .max(64)
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe("SHA-256 of the manifest, which names every byte of the export."),
    location: z.string().max(8192).optional().describe("Where the export lies."),
    archive: z
      .strictObject({
        file: z.string().max(1024).describe("Its name."),
        size: count.describe("Its bytes."),
        etag: z
          .string()
          .max(256)
          .exactOptional()
          .describe("Its entity tag without the quotes, as the HTTP header ETag of its download has it."),
      })
      .optional()
      .describe("The joined archive as it is downloaded. None for Files."),
  })
  .describe("What was seen of the export; written by Longshore alone.");
export type ExportStatus = z.infer<typeof ExportStatus>;
