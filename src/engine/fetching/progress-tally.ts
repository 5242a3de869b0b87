/** Adds up how far a download is. */
export interface DownloadProgress {
  readonly bytes: number;
  /** Undefined until the server has said it. */
  readonly totalBytes: number | undefined;
  /** How many of `bytes` an interrupted download had left. */
  readonly kept: number;
  /** Connections at work. */
  readonly connections: number;
  /** What is waited for, if it isn't bytes: "the export is not finished". */
  readonly waiting: string | undefined;
}

export interface Tally {
  readonly now: () => DownloadProgress;
  /** A negative number takes back what turned out to be wrong. */
  add(change: Partial<Record<"bytes" | "kept" | "connections", number>>): void;
  set(change: Partial<Pick<DownloadProgress, "totalBytes" | "waiting">>): void;
}

export function createTally(onProgress: ((progress: DownloadProgress) => void) | undefined): Tally {
  let progress: DownloadProgress = {
    bytes: 0,
    totalBytes: undefined,
    kept: 0,
    connections: 0,
    waiting: undefined,
  };
  const become = (next: DownloadProgress): void => {
    progress = next;
    onProgress?.(progress);
  };
  return {
    now: () => progress,
    add: ({ bytes = 0, kept = 0, connections = 0 }) =>
      become({
        ...progress,
        bytes: progress.bytes + bytes,
        kept: progress.kept + kept,
        connections: progress.connections + connections,
      }),
    set: (change) => become({ ...progress, ...change }),
  };
}
