/** Downloads under way, by the grant that they are made with: taking a grant back ends them. */

export interface RunningDownloads {
  /** Begins one; the signal is aborted when its grant is taken back. Dispose it when the download has ended. */
  begin(grantUid: string): RunningDownload;
  /** Ends all that are made with the grant. */
  end(grantUid: string): void;
}

export interface RunningDownload extends Disposable {
  readonly signal: AbortSignal;
}

export function createRunningDownloads(): RunningDownloads {
  const running = new Map<string, Set<AbortController>>();
  return {
    begin: (grantUid) => {
      const controller = new AbortController();
      const others = running.get(grantUid) ?? new Set();
      running.set(grantUid, others.add(controller));
      return {
        signal: controller.signal,
        [Symbol.dispose]: () => {
          others.delete(controller);
          if (others.size === 0 && running.get(grantUid) === others) running.delete(grantUid);
        },
      };
    },
    end: (grantUid) => {
      for (const controller of running.get(grantUid) ?? [])
        controller.abort(new DOMException("the grant was taken back", "AbortError"));
    },
  };
}
