/** Removes a Job with its pods, and none of its name that was made since. */
import type { KubeApi } from "../kube-api.ts";
import { type Job, jobs } from "./objects.ts";

export async function removeJob(api: KubeApi, { metadata }: Job, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = metadata;
  await api.delete(jobs, { namespace, name }, { uid, propagationPolicy: "Background" }, signal);
}
