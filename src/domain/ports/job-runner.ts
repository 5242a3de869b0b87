/** The port of what runs exports. */
import type { ErrorCode } from "../errors.ts";
import type { ExportOptions } from "../export-options.ts";
import type { Reached } from "../furthest-progress.ts";
import type { Ways } from "./places.ts";

/** Runs plan, pack and finalize of exports somewhere: threads of this machine, or Jobs of a cluster. */
export interface JobRunner {
  /**
   * Whether a first attempt would be let in now. Nothing begins, and nothing is left that would have to be removed. Where it is
   * not, it is observed as `queued` with what it waits for, as `stop` ends; when that may have changed, a change is told and it
   * is unknown again, to be asked once more. Throws what `start` throws.
   */
  admits(job: ExportJob, signal: AbortSignal): Promise<boolean>;
  /**
   * Begins an attempt, or queues it where the runner is at its limits; goes on with one that is suspended. The same attempt
   * again changes nothing otherwise; throws Conflict while another one at the same export is neither suspended nor forgotten.
   */
  start(job: ExportJob, signal: AbortSignal): Promise<void>;
  /** Undefined where the runner knows of none: never begun, or begun by a process that is gone. */
  observe(exportUid: string, signal: AbortSignal): Promise<JobObservation | undefined>;
  /**
   * Ends it and resolves when nothing of it works any more; it is then unknown, unless it had ended by itself before.
   * What it made safe stays. None is no error.
   */
  stop(exportUid: string, signal: AbortSignal): Promise<void>;
  /**
   * Ends its work as `stop` does, and lets the runner keep the attempt: it is then `suspended`, or unknown where the runner
   * keeps none, and `start` goes on. None is no error.
   */
  suspend(exportUid: string, signal: AbortSignal): Promise<void>;
  /** Forgets an attempt that ended, so that another may begin. None is no error. */
  forget(exportUid: string, signal: AbortSignal): Promise<void>;
  /**
   * Removes the prepared data, if its records name `owner`; others' and none are left and no error. Resolves with what keeps
   * it waiting, where somebody may have to do something about it: it goes on by itself, and is asked again at every change.
   */
  removeData(place: OwnedPlace, signal: AbortSignal): Promise<Waiting | undefined>;
  /** The uids of exports whose observation changed, until cancelled; progress at most about once a second for each. */
  changes(signal: AbortSignal): AsyncIterable<string>;
}

export interface Waiting {
  readonly reason: string;
  readonly message: string;
  /** It only takes its time, and most often nobody has to do anything: it keeps its turn. */
  readonly isUsual?: true;
}

export interface OwnedPlace {
  /** LOCATION of one export. */
  readonly location: string;
  readonly owner: string;
  /** The resource that it is the data of, where there is one. */
  readonly export?: { readonly namespace: string; readonly name: string } | undefined;
  /** How it is reached, where its location does not say all of it. */
  readonly ways?: Ways | undefined;
}

export interface ExportJob {
  readonly exportUid: string;
  /** Counts from 0. */
  readonly attempt: number;
  readonly namespace: string;
  readonly name: string;
  readonly source: string;
  /** LOCATION of the export itself, `<prefix>/<namespace>/<name>`. */
  readonly location: string;
  readonly previous: string | undefined;
  readonly options: ExportOptions;
  /** That pack at the same time; as many as the runner gives one export where it is undefined. */
  readonly workers: number | undefined;
  /** How source, location and previous are reached, where they do not say all of it. */
  readonly ways?: Ways | undefined;
}

export interface JobObservation extends Reached {
  readonly attempt: number;
  readonly phase: "queued" | "running" | "suspended" | "succeeded" | "failed";
  /** What keeps it from going on, where somebody may have to do something about it. Of `queued` and `running`. */
  readonly waiting?: Waiting;
  /** Of `succeeded`. */
  readonly result?: JobResult;
  /** Of `failed`; `code` is missing where it was none of ours. */
  readonly error?: { readonly code?: ErrorCode; readonly message: string; readonly hint?: string };
}

export interface JobResult {
  readonly manifestDigest: string;
  readonly files: number;
  readonly differences: number;
  readonly parts: { readonly total: number; readonly reused: number };
  readonly bytes: { readonly source: number; readonly written: number; readonly redone: number };
  /** None for the format Files. */
  readonly archive?: { readonly file: string; readonly size: number; readonly etag?: string };
}
