/** Export: one request and its result. */
import { z } from "zod";
import { Condition } from "./condition.ts";
import { ResourceName } from "./names.ts";
import { Quantity, quantityBytes } from "./quantity-field.ts";
import { exactlyOneOf, withRules } from "./validation-rule.ts";

const Path = z.string().min(1).max(4096);
const Pattern = z.string().min(1).max(1024);
const count = z.int().nonnegative();

export const DirectoryPlace = z
  .strictObject({ path: Path.describe("Absolute path of a folder or file of this machine.") })
  .describe("A folder of the server's own machine, inside what `serve --allow` names.");

const Source = withRules(z.strictObject({ directory: DirectoryPlace.optional() }), [
  exactlyOneOf("spec.source", ["directory"]),
]).describe("What to take out.");

const Destination = withRules(
  z.strictObject({
    name: ResourceName.optional().describe("An ExportDestination of the same namespace."),
    directory: DirectoryPlace.optional(),
  }),
  [exactlyOneOf("spec.destination", ["name", "directory"])],
).describe("Where the prepared export lies until it is fetched.");

const exportFormats = ["Tar", "TarGzip", "TarZstd", "Zip", "Files"] as const;
const minimumPartSize = 1024;

const Workers = z
  .strictObject({
    mode: z
      .enum(["Sequential", "Indexed"])
      .default("Sequential")
      .describe(
        "Sequential: one worker with all the threads it may have. Indexed: `count` workers at the same time.",
      ),
    count: z.int().min(1).max(256).default(1).describe("Workers of the mode Indexed."),
  })
  .describe("Who packs.");

const specShape = z.strictObject({
  source: Source,
  include: z.array(Pattern).max(1000).default([]).describe("Take only what matches (rules of .gitignore)."),
  exclude: z.array(Pattern).max(1000).default([]).describe("Leave out what matches (rules of .gitignore)."),
  format: z.enum(exportFormats).default("TarZstd"),
  compressionLevel: z
    .int()
    .min(0)
    .max(22)
    .default(3)
    .describe("1 to 22 for TarZstd, 0 to 9 for TarGzip and Zip."),
  destination: Destination,
  workers: Workers.prefault({}),
  partSize: Quantity.default("64Mi").describe("Bytes of archive that a part aims at."),
  consistency: z.enum(["Auto", "Snapshot", "Clone", "Live"]).default("Auto"),
  differences: z
    .enum(["Record", "Fail"])
    .default("Record")
    .describe("What a source that changes meanwhile means."),
  entryDigests: z.boolean().default(false).describe("Have a SHA-256 of every entry in the index."),
  crossFileSystems: z.boolean().default(false).describe("Enter folders on other file systems."),
  previous: z
    .strictObject({ name: ResourceName })
    .optional()
    .describe("A finished Export of the same namespace whose unchanged parts are taken over."),
  backoffLimit: z.int().min(0).max(100).default(6).describe("Attempts after the first before it has failed."),
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
    rule: "!(self.format in ['TarGzip', 'Zip']) || self.compressionLevel <= 9",
    message: "spec.compressionLevel must be 1 to 22 for TarZstd and 0 to 9 for TarGzip and Zip",
    holds: ({ format, compressionLevel }) =>
      !isCompressed(format) ||
      (compressionLevel >= lowestLevel(format) && compressionLevel <= highestLevel(format)),
  },
  {
    rule: "quantity(string(self.partSize)).compareTo(quantity('1Ki')) >= 0",
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
    /** Bytes of content and entries planned so far; all of them when `planned`. */
    plannedBytes: count,
    plannedFiles: count,
    plannedParts: count,
    planned: z.boolean(),
    bytes: count,
    files: count,
  })
  .describe("How far the running attempt is.");
export type ExportProgress = z.infer<typeof ExportProgress>;

export const ExportStatus = z.strictObject({
  conditions: z.array(Condition).max(16).optional(),
  observedGeneration: count.optional(),
  startTime: z.iso.datetime().optional(),
  completionTime: z.iso.datetime().optional(),
  expirationTime: z.iso.datetime().optional(),
  files: count.optional(),
  differences: count.optional(),
  parts: z.strictObject({ total: count, succeeded: count, reused: count, failed: count }).optional(),
  bytes: z.strictObject({ source: count, written: count, redone: count }).optional(),
  display: z.strictObject({ parts: z.string().max(64), size: z.string().max(64) }).optional(),
  progress: ExportProgress.optional(),
  /** Attempts that failed, and when the next may begin. */
  failures: count.optional(),
  nextAttemptTime: z.iso.datetime().optional(),
  manifestDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  location: z.string().max(8192).optional(),
  archive: z
    .strictObject({ file: z.string().max(1024), size: count })
    .optional()
    .describe("The joined archive: the name under which it is downloaded, and its bytes. None for Files."),
});
export type ExportStatus = z.infer<typeof ExportStatus>;
