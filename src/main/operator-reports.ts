/** Where workers report how far they are: open in every operator, taken by the one that leads. */
import type { OperatorOptions } from "../cli/commands/operator.ts";
import { reportHandler } from "../cluster/reports/report-handler.ts";
import type { ReportIntake } from "../cluster/reports/report-intake.ts";
import { tokenReviewer } from "../cluster/reports/token-reviewer.ts";
import { reportPath } from "../cluster/reports/worker-report.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import type { OperatorMetrics } from "./operator-metrics.ts";
import { startReportServer } from "./report-server.ts";

export interface OperatorReports extends AsyncDisposable {
  /** Of workers; undefined where none are to report. */
  readonly url: string | undefined;
  /** Until it is disposed, reports go there. */
  takeBy(intake: ReportIntake): Disposable;
}

interface ReportsHome {
  readonly api: KubeApi;
  readonly metrics: OperatorMetrics;
  readonly onError: (error: unknown, about: string) => void;
}

/** Throws ListenFailed. */
export async function openReports(
  { reportListen, reportUrl }: Pick<OperatorOptions, "reportListen" | "reportUrl">,
  { api, metrics, onError }: ReportsHome,
  signal: AbortSignal,
): Promise<OperatorReports> {
  let intake: ReportIntake | undefined;
  const server =
    reportListen &&
    (await startReportServer(
      reportListen,
      reportHandler({
        review: tokenReviewer({ api, clock: Date }),
        intake: () => intake,
        onError,
        onAnswer: (status) => metrics.reports.inc({ status }),
        signal,
      }),
    ));
  const base = reportUrl ?? (server && `http://${server.address}`);
  return {
    url: base === undefined ? undefined : new URL(reportPath, base).href,
    takeBy: (given) => {
      intake = given;
      return {
        [Symbol.dispose]: () => {
          if (intake === given) intake = undefined;
        },
      };
    },
    [Symbol.asyncDispose]: async () => server?.[Symbol.asyncDispose](),
  };
}
