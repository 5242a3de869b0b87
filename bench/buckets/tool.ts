/** What the works with a bucket need of a tool: where the data are, which bucket, and what is timed. */
import type { Command } from "../children.ts";
import type { DataSet } from "../data-set.ts";
import type { ToolName } from "../tools/tool.ts";
import type { Bucket } from "./server.ts";

export interface BucketJob {
  /** What is sent, or what lies in the bucket. */
  readonly data: DataSet;
  readonly bucket: Bucket;
  /** Of the bucket, ending in "/": where tools send to, or where what they fetch lies. */
  readonly folder: string;
  /** A folder of this run; a tool that reads the bucket writes to `$OUT/target`. */
  readonly out: string;
  readonly temporary: string;
}

/** What becomes of the data: one archive, or every file by itself. */
export type Form = "archive" | "files";

export interface BucketTool {
  readonly name: ToolName;
  /** As the report shows it. */
  readonly label: string;
  readonly form: Form;
  readonly command: (job: BucketJob) => Command;
  /** Of an archive that is sent: name in the folder of the object that holds it. */
  readonly object?: string;
}

/** Longshore's name for what it sends, which is a folder. */
export const NAME = "sent";
