/** What a worker's pod has so that it can report: an address, and a token that is good for that alone. */
import { mountPaths } from "../jobs/mount-paths.ts";
import type { Volume, VolumeMount } from "../jobs/pod-spec.ts";
import type { EnvironmentVariable, Stage } from "../jobs/worker-task.ts";
import { reportAudience, reportVariables } from "./worker-report.ts";

export interface ReportAccess {
  readonly volumes: readonly Volume[];
  readonly volumeMounts: readonly VolumeMount[];
  readonly environment: readonly EnvironmentVariable[];
}

/** The shortest that an API server gives; the kubelet renews it in time. */
const tokenSeconds = 600;
const name = "report";
const path = "token";
/** The others have nothing to tell before their end. */
const stages: ReadonlySet<Stage> = new Set(["all", "plan", "pack"]);

/** Nothing where nobody takes reports. */
export function reportAccess(url: string | undefined, stage: Stage): ReportAccess {
  if (url === undefined || !stages.has(stage)) return { volumes: [], volumeMounts: [], environment: [] };
  const serviceAccountToken = { audience: reportAudience, expirationSeconds: tokenSeconds, path };
  return {
    volumes: [{ name, projected: { sources: [{ serviceAccountToken }] } }],
    volumeMounts: [{ name, mountPath: mountPaths.report, readOnly: true }],
    environment: [
      { name: reportVariables.url, value: url },
      { name: reportVariables.tokenFile, value: `${mountPaths.report}/${path}` },
    ],
  };
}
