/** Takes the reports of pods that work for an export of ours, and for nothing else than its progress. */
import type { ExportStore } from "../../domain/ports/export-store.ts";
import { succeededOf } from "../../domain/resources/export-end.ts";
import type { ReportedProgress } from "./reported-progress.ts";
import { type KnownWorkers, shareOf } from "./reporting-share.ts";
import type { TokenPod } from "./token-reviewer.ts";
import type { WorkerReport } from "./worker-report.ts";

export interface ReportIntake {
  /** Whether a pod works for an export, as far as is known without asking. */
  knows(pod: TokenPod): boolean;
  /** False where the pod, whose uid somebody has proved, works for no export that is under way. */
  take(pod: TokenPod, report: WorkerReport, signal: AbortSignal): Promise<boolean>;
}

export interface ReportIntakeOptions {
  readonly workers: KnownWorkers;
  readonly store: Pick<ExportStore, "get">;
  readonly progress: ReportedProgress;
  /** Told the uid of an export that is farther than before, at most once a second for each. */
  readonly onProgress: (exportUid: string) => void;
}

const pace = 1000;

export function createReportIntake(options: ReportIntakeOptions): ReportIntake {
  const { workers, store, progress, onProgress } = options;
  const due = new Set<string>();
  return {
    knows: (pod) => shareOf(pod, workers) !== undefined,
    take: async (pod, report, signal) => {
      const share = shareOf(pod, workers);
      if (share === undefined) return false;
      // A Job can say that anything owns it.
      const owner = await store.get("Export", share.export, signal);
      if (owner?.metadata.uid !== share.exportUid || succeededOf(owner)?.status !== "Unknown") return false;
      progress.take(share, report);
      announce(share.exportUid);
      return true;
    },
  };

  function announce(uid: string): void {
    if (due.has(uid)) return;
    due.add(uid);
    const tell = (): void => {
      due.delete(uid);
      onProgress(uid);
    };
    setTimeout(tell, pace).unref();
  }
}
