/** How far the workers of exports are by their own reports; in memory alone, for whoever works tells it again soon. */
import { furthest, type Reached } from "../../domain/furthest-progress.ts";

export interface ReportedProgress {
  /** Of the worker with that share of a Job. A worker that follows another begins to count anew: the greater numbers stay. */
  take(share: ReportingShare, report: Reached): void;
  /** By the shares of a Job; none where nobody has told anything. */
  of(jobUid: string): ReadonlyMap<number, Reached>;
  /** The Job is gone. */
  forget(jobUid: string): void;
}

/** What a worker works at, as the cluster's own objects say. */
export interface ReportingShare {
  readonly exportUid: string;
  readonly jobUid: string;
  /** Of an Indexed Job from 0 on; 0 of others. */
  readonly index: number;
}

const none: ReadonlyMap<number, Reached> = new Map();

export function createReportedProgress(): ReportedProgress {
  const reports = new Map<string, Map<number, Reached>>();
  return {
    take: ({ jobUid, index }, report) => {
      const shares = reports.get(jobUid) ?? new Map<number, Reached>();
      const before = shares.get(index);
      shares.set(index, before === undefined ? report : furthest(before, report));
      reports.set(jobUid, shares);
    },
    of: (jobUid) => reports.get(jobUid) ?? none,
    forget: (jobUid) => void reports.delete(jobUid),
  };
}
