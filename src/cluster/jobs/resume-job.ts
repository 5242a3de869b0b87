/** Lets a suspended Job go on, if it is still the one that would be made today. */
import type { KubeApi } from "../kube-api.ts";
import { tryPod } from "./create-job.ts";
import { endOf } from "./job-facts.ts";
import { type Job, jobs } from "./objects.ts";
import type { Waiting } from "../../domain/ports/job-runner.ts";
import { unlessGone } from "./unless-gone.ts";
import { annotations } from "./worker-labels.ts";

/**
 * The Job as it goes on, or why its pods are not let in. Undefined where it can't go on: it failed, or it was made for other
 * workers, another image or another node than `wanted`, and most of a Job can't be changed.
 */
export async function resumeJob(
  api: KubeApi,
  suspended: Job,
  wanted: Job,
  signal: AbortSignal,
): Promise<Job | Waiting | undefined> {
  const end = endOf(suspended);
  if (end === "Failed" || specOf(suspended) !== specOf(wanted)) return undefined;
  const refusal = end === undefined ? await tryPod(api, wanted, signal) : undefined;
  return refusal ?? markSuspended(api, suspended, false, signal);
}

const specOf = ({ metadata }: Job): string | undefined => metadata.annotations?.[annotations.spec];

/**
 * Kubernetes ends the pods of a Job that is suspended, and keeps which shares are done. What has ended keeps the mark alone,
 * which says that nothing may follow it yet. Undefined where the Job is gone.
 */
export function markSuspended(
  api: KubeApi,
  { metadata }: Job,
  suspend: boolean,
  signal: AbortSignal,
): Promise<Job | undefined> {
  const { namespace, name, uid } = metadata;
  const patch = { metadata: { uid }, spec: { suspend } };
  return unlessGone(api.patch<Job>(jobs, { namespace, name }, patch, {}, signal));
}
