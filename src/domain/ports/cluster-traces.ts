/** What a cluster keeps of an export beside its document: what its workers print, and what was noted of it. */
import type { Export } from "../resources/resource.ts";

export interface ClusterTraces {
  readonly workerLogs: {
    /** Those that are there; the number of pods that had begun. */
    read(call: WorkerLogsCall, signal: AbortSignal): Promise<number>;
    /** Those of all pods, until the export has ended. */
    follow(call: WorkerLogsCall, signal: AbortSignal): Promise<void>;
  };
  /** What Kubernetes noted about an object, oldest first. */
  readonly recordedEvents: (
    of: { readonly namespace: string; readonly uid: string },
    signal: AbortSignal,
  ) => Promise<readonly NotedEvent[]>;
}

export interface WorkerLogsCall {
  readonly of: Export;
  /** Of each pod, at most so many of the last lines. */
  readonly tailLines?: number | undefined;
  readonly onLine: (line: WorkerLine) => Promise<void>;
}

export interface WorkerLine {
  readonly pod: string;
  /** Whether other pods have lines as well. */
  readonly isOneOfMany: boolean;
  readonly text: string;
}

export interface NotedEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** How often, and when last (RFC 3339). */
  readonly count: number;
  readonly time: string;
}
