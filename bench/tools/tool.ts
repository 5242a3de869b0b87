/** What the benchmark needs of a tool, Longshore and its peers alike, so that all are treated the same. */
import type { Command } from "../children.ts";
import type { DataSet } from "../data-set.ts";
import type { Peer } from "../options.ts";

export type ToolName = "longshore" | Peer;

export interface Job {
  readonly data: DataSet;
  /** Empty at the start of a fresh run; holds all that the tool keeps, caches too. */
  readonly out: string;
  /** For TMPDIR; the same in all runs, so that a tool that keeps its compiled code there finds it warm. */
  readonly temporary: string;
}

export interface Measured {
  /** What has to be done before every run and is not timed. */
  readonly prepare?: (job: Job, signal: AbortSignal) => Promise<void>;
  /** What is timed. */
  readonly command: (job: Job) => Command;
  /** Rejects unless the result is right; done once, never timed. */
  readonly check: (job: Job, signal: AbortSignal) => Promise<void>;
}

export interface Tool {
  readonly name: ToolName;
  /** As the report shows it. */
  readonly label: string;
  /** One line, or undefined when the tool is not installed. */
  readonly version: (signal: AbortSignal) => Promise<string | undefined>;
  /** Everything, into an empty place. */
  readonly fresh: Measured;
  /** Once more with nothing changed, beside the result of a fresh run; absent where no goal asks for it. */
  readonly again?: Measured;
}
