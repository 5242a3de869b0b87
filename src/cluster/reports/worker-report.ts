/** What a worker tells while it works: numbers, and no names. Which export they are of follows from its token alone. */
import { z } from "zod";
import { count } from "../../domain/schema-words.ts";

/** Of the tokens that reports come with; they are good for nothing else. */
export const reportAudience = "longshore-report";
export const reportPath = "/report";
/** Bytes of a report, which has a few numbers. */
export const longestReport = 1024;

/** By which a worker knows where it tells, and in which file its token is. */
export const reportVariables = {
  url: "LONGSHORE_REPORT_URL",
  tokenFile: "LONGSHORE_REPORT_TOKEN_FILE",
} as const;

/** Whoever may make pods can say what it likes here, so it is checked like any input. */
export const WorkerReport = z.strictObject({
  progress: z.strictObject({
    plannedBytes: count,
    plannedFiles: count,
    plannedParts: count,
    planned: z.boolean(),
    bytes: count,
    files: count,
  }),
  parts: z.strictObject({ succeeded: count, reused: count }),
});
export type WorkerReport = z.infer<typeof WorkerReport>;
