/** What a Job says of itself: its place in the export's work, its end, and its pods. Pure. */
import { controllerOf } from "./controller-of.ts";
import type { Job, Pod } from "./objects.ts";
import { labels } from "./worker-labels.ts";
import { type Stage, stages } from "./worker-task.ts";

/** The last that was made of the last attempt: what became of the others is known by it. */
export function currentJob(jobs: readonly Job[]): Job | undefined {
  const attempt = Math.max(...jobs.map(attemptOf));
  return jobs
    .filter((job) => attemptOf(job) === attempt)
    .toSorted(byStage)
    .at(-1);
}

/** What is about to end (FailureTarget, SuccessCriteriaMet) has pods that still work. */
export function endOf(job: Job): "Complete" | "Failed" | undefined {
  if (hasCondition(job, "Complete")) return "Complete";
  return hasCondition(job, "Failed") ? "Failed" : undefined;
}

export const hasCondition = ({ status }: Job, wanted: string): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === wanted && is === "True") === true;

/** Kubernetes goes by its label too, and lets go of what names the Job as its controller and has none. */
export const podsOf = ({ metadata: { uid } }: Job, { pods }: { readonly pods: readonly Pod[] }): Pod[] =>
  pods.filter(
    (pod) =>
      controllerOf(pod, "Job")?.uid === uid &&
      pod.metadata.labels?.["batch.kubernetes.io/controller-uid"] === uid,
  );

const byStage = (a: Job, b: Job): number =>
  stages.indexOf(stageOf(a)) - stages.indexOf(stageOf(b)) || runOf(a) - runOf(b);

export const attemptOf = (job: Job): number => numberOf(job, labels.attempt);
export const runOf = (job: Job): number => numberOf(job, labels.run);
const numberOf = ({ metadata }: Job, label: string): number => {
  const number = Number(metadata.labels?.[label] ?? "0");
  return Number.isSafeInteger(number) && number >= 0 ? number : 0;
};

export function stageOf({ metadata }: Job): Stage {
  return stages.find((stage) => stage === metadata.labels?.[labels.stage]) ?? "all";
}
