/** What keeps the pods of a Job from beginning, and when people are told of it. Pure. */
import type { Waiting } from "../../domain/ports/job-runner.ts";
import type { Job, Pod } from "./objects.ts";
import {
  type Circumstances,
  eventTime,
  hasBegun,
  hasEnded,
  lastOf,
  startDue,
  waitingOf,
} from "./pod-facts.ts";

/** What keeps a pod out says more than that one is about to begin. */
export function waitingOfJob(
  job: Job,
  pods: readonly Pod[],
  circumstances: Circumstances,
): Waiting | undefined {
  const found = pods.flatMap((pod) => waitingOf(pod, circumstances) ?? []);
  return (
    found.find(({ isUsual }) => isUsual !== true) ??
    refusedPod(job, pods, circumstances) ??
    found[0] ??
    withoutPods(job, pods, circumstances)
  );
}

/** Pods that could not be made are known from the Job's Events alone; one that came since says that they can again. */
function refusedPod(job: Job, pods: readonly Pod[], { events }: Circumstances): Waiting | undefined {
  const refused = lastOf(
    events,
    ({ involvedObject, reason }) => involvedObject.uid === job.metadata.uid && reason === "FailedCreate",
  );
  if (refused === undefined) return undefined;
  const newest = Math.max(0, ...pods.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? "")));
  if (pods.some((pod) => !hasEnded(pod)) && newest >= eventTime(refused)) return undefined;
  return { reason: "PodRefused", message: refused.message };
}

function withoutPods(job: Job, pods: readonly Pod[], { now }: Circumstances): Waiting | undefined {
  const due = podsDue(job);
  if (pods.length > 0 || due === undefined || now < due) return undefined;
  return {
    reason: "Starting",
    message: `Kubernetes has made no pod of the Job ${job.metadata.name}`,
    isUsual: true,
  };
}

/** When people are told that a Job has no pods; one that was suspended has them anew. */
function podsDue({ metadata, status }: Job): number | undefined {
  const suspended = status?.conditions?.find(({ type }) => type === "Suspended");
  if (suspended?.status === "True") return undefined;
  return startDue(suspended?.lastTransitionTime ?? metadata.creationTimestamp);
}

/** When people are told of the next that has not begun, in milliseconds since 1970. */
export function nextStartDue(job: Job, pods: readonly Pod[], now: number): number | undefined {
  const waiting = pods
    .filter((pod) => !hasBegun(pod))
    .map(({ metadata }) => startDue(metadata.creationTimestamp));
  const due = pods.length === 0 ? [podsDue(job)] : waiting;
  const ahead = due.filter((time) => time !== undefined && time > now) as number[];
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
