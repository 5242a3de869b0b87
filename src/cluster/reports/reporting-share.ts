/** Which share of which Job a pod works at, by the uids of its owners alone: labels and names can be anybody's. */
import { controllerOf } from "../jobs/controller-of.ts";
import type { Job, Pod } from "../jobs/objects.ts";
import { hasEnded } from "../jobs/pod-facts.ts";
import type { KubeKey } from "../kube-api.ts";
import type { ReportingShare } from "./reported-progress.ts";
import type { TokenPod } from "./token-reviewer.ts";

/** Pods and Jobs of exports as they are known without asking. */
export interface KnownWorkers {
  pod(key: KubeKey): Pod | undefined;
  job(key: KubeKey): Job | undefined;
}

export interface FoundShare extends ReportingShare {
  /** The Export; who wants to be sure that it is there compares its uid. */
  readonly export: { readonly namespace: string; readonly name: string };
}

/** Undefined where it is no pod of an export's Job, or one that has ended. */
export function shareOf({ namespace, name, uid }: TokenPod, known: KnownWorkers): FoundShare | undefined {
  const pod = known.pod({ namespace, name });
  if (pod?.metadata.uid !== uid || hasEnded(pod)) return undefined;
  const byJob = controllerOf(pod, "Job");
  const job = byJob && known.job({ namespace, name: byJob.name });
  if (byJob === undefined || job?.metadata.uid !== byJob.uid) return undefined;
  const owner = controllerOf(job, "Export");
  if (owner === undefined) return undefined;
  const index = indexOf(pod, job);
  if (index === undefined) return undefined;
  return { exportUid: owner.uid, jobUid: byJob.uid, index, export: { namespace, name: owner.name } };
}

const completionIndex = "batch.kubernetes.io/job-completion-index";

/** The share of an Indexed Job's pod; 0 of others. Undefined where the Job has no such share. */
export function indexOf({ metadata }: Pod, { spec }: Job): number | undefined {
  if (spec.completionMode !== "Indexed") return 0;
  const text = metadata.annotations?.[completionIndex] ?? "";
  const index = Number(text);
  return /^\d{1,9}$/.test(text) && index < (spec.completions ?? 0) ? index : undefined;
}
