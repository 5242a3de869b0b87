/** What an export's Jobs and pods amount to, and what has to be done about them next. Pure: the same facts, the same answer. */
import type { JobObservation } from "../../domain/ports/job-runner.ts";
import type { ClusterEvent, Job, Node, Pod } from "./objects.ts";
import {
  endedAt,
  errorOf,
  eventTime,
  hasBegun,
  hasEnded,
  type JobError,
  lastOf,
  lostAt,
  messageOf,
  type Waiting,
  waitingOf,
} from "./pod-facts.ts";
import { labels } from "./worker-labels.ts";
import type { WorkerMessage } from "./worker-message.ts";
import { type Stage, stages } from "./worker-task.ts";

/** All of one export; Jobs that were forgotten and those of clean-ups are not among them. */
export interface JobFacts {
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  readonly events: readonly ClusterEvent[];
  readonly nodeOf: (name: string) => Node | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface JobDecision {
  readonly observation: JobObservation;
  /** A Job to create: the next stage, or the same once more because nobody knows how it went. */
  readonly create?: { readonly after: Job; readonly stage: Stage; readonly run: number };
  /** When the answer may change without anything happening, in milliseconds since 1970. */
  readonly lookAgain?: number;
}

const following: Partial<Record<Stage, Stage>> = { plan: "pack", pack: "finalize" };
const times = ["first", "second"] as const;

/** Undefined where there is no Job. */
export function decideJob(facts: JobFacts): JobDecision | undefined {
  const attempt = Math.max(...facts.jobs.map(attemptOf));
  const jobs = facts.jobs.filter((job) => attemptOf(job) === attempt).toSorted(byStage);
  const current = jobs.at(-1);
  if (current === undefined) return undefined;
  const base = { attempt, ...doneSoFar(jobs, facts) };
  const pods = podsOf(current, facts);
  switch (endOf(current)) {
    case "Complete":
      return decideComplete(current, pods, base);
    case "Failed":
      return { observation: { ...base, phase: "failed", error: failureOf(current, pods) } };
    case undefined:
      return decideActive(current, pods, base, facts);
  }
}

type Base = Pick<JobObservation, "attempt" | "progress" | "parts">;

function decideComplete(job: Job, pods: readonly Pod[], base: Base): JobDecision {
  const stage = stageOf(job);
  const next = following[stage];
  if (next !== undefined)
    return { observation: { ...base, phase: "running" }, create: { after: job, stage: next, run: 0 } };
  const result = pods.map(messageOf).find((message) => message?.result !== undefined)?.result;
  if (result !== undefined) return { observation: { ...base, phase: "succeeded", result } };
  const run = runOf(job) + 1;
  // Its pod may be gone before anybody read its message: the work is done, and who does it again only finds that out.
  if (run < times.length)
    return { observation: { ...base, phase: "running" }, create: { after: job, stage, run } };
  const message = "its workers succeeded twice and left no word of what came out";
  return { observation: { ...base, phase: "failed", error: { code: "WorkerLost", message } } };
}

function decideActive(job: Job, pods: readonly Pod[], base: Base, facts: JobFacts): JobDecision {
  const lost = pods
    .map((pod) => ({ pod, at: lostAt(pod, facts.nodeOf(pod.spec.nodeName ?? "")) }))
    .filter((one): one is { pod: Pod; at: number } => one.at !== undefined)
    .toSorted((a, b) => a.at - b.at)[0];
  if (lost !== undefined && lost.at <= facts.now)
    return { observation: { ...base, phase: "failed", error: lostError(lost.pod) } };
  const waiting = waitingOfJob(job, pods, facts.events);
  const phase = pods.some(hasBegun) || stageOf(job) !== firstOf(stageOf(job)) ? "running" : "queued";
  return {
    observation: { ...base, phase, ...(waiting && { waiting }) },
    ...(lost && { lookAgain: lost.at }),
  };
}

const firstOf = (stage: Stage): Stage => (stage === "pack" || stage === "finalize" ? "plan" : stage);

const lostError = ({ metadata, spec }: Pod): JobError => ({
  code: "WorkerLost",
  message: `the worker ${metadata.name} is lost with its node ${spec.nodeName ?? ""}`.trimEnd(),
  hint: "another worker goes on from what is safe",
});

/** Pods that could not be made are known from the Job's Events alone; one that came since says that they can again. */
export function waitingOfJob(
  job: Job,
  pods: readonly Pod[],
  events: readonly ClusterEvent[],
): Waiting | undefined {
  const active = pods.filter((pod) => !hasEnded(pod));
  const waiting = active.map((pod) => waitingOf(pod, events)).find((one) => one !== undefined);
  if (waiting !== undefined) return waiting;
  const refused = lastOf(
    events,
    ({ involvedObject, reason }) => involvedObject.uid === job.metadata.uid && reason === "FailedCreate",
  );
  if (refused === undefined) return undefined;
  const newest = Math.max(0, ...pods.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? "")));
  if (active.length > 0 && newest >= eventTime(refused)) return undefined;
  return { reason: "PodRefused", message: refused.message };
}

/** A failed worker's own words tell more than the Job's: those of the last one that has some. */
export function failureOf(job: Job, pods: readonly Pod[]): JobError {
  const failed = pods
    .filter((pod) => pod.status?.phase === "Failed")
    .toSorted((a, b) => endedAt(b) - endedAt(a));
  const told = failed.find((pod) => {
    const code = messageOf(pod)?.error?.code;
    return code !== undefined && code !== "Interrupted";
  });
  const pod = told ?? failed[0];
  if (pod !== undefined) return errorOf(pod);
  const condition = job.status?.conditions?.find(
    ({ type, status }) => type === "Failed" && status === "True",
  );
  return { code: "WorkerLost", message: condition?.message ?? "its Job failed and no pod of it is left" };
}

function doneSoFar(jobs: readonly Job[], facts: JobFacts): Pick<JobObservation, "progress" | "parts"> {
  const messages = jobs.flatMap((job) => podsOf(job, facts).map(messageOf));
  const planned = messages.find((message) => message?.planned !== undefined)?.planned;
  const packed = messages.map((message) => message?.packed).filter((one) => one !== undefined);
  const result = messages.find((message) => message?.result !== undefined)?.result;
  if (result !== undefined) return progressOfResult(result);
  // The planner's pod may be gone; that there is a plan is known all the same.
  const isPlanned = planned !== undefined || jobs.some((job) => stageOf(job) === "pack");
  return progressOf(planned, packed, isPlanned);
}

type Packed = NonNullable<WorkerMessage["packed"]>;

function progressOf(planned: WorkerMessage["planned"], packed: readonly Packed[], isPlanned: boolean) {
  const sum = (of: (one: Packed) => number): number => packed.reduce((total, one) => total + of(one), 0);
  return {
    progress: {
      plannedBytes: planned?.bytes ?? sum(({ bytes }) => bytes),
      plannedFiles: planned?.files ?? sum(({ files }) => files),
      plannedParts: planned?.parts ?? sum(({ parts }) => parts),
      planned: isPlanned,
      bytes: sum(({ bytes }) => bytes),
      files: sum(({ files }) => files),
    },
    parts: { succeeded: sum(({ parts }) => parts), reused: sum(({ reused }) => reused) },
  };
}

function progressOfResult({ bytes, files, parts }: NonNullable<WorkerMessage["result"]>) {
  return {
    progress: {
      plannedBytes: bytes.source,
      plannedFiles: files,
      plannedParts: parts.total,
      planned: true,
      bytes: bytes.source,
      files,
    },
    parts: { succeeded: parts.total, reused: parts.reused },
  };
}

/** What is about to end (FailureTarget, SuccessCriteriaMet) has pods that still work. */
export function endOf({ status }: Job): "Complete" | "Failed" | undefined {
  const isTrue = (wanted: string): boolean =>
    status?.conditions?.some((one) => one.type === wanted && one.status === "True") === true;
  if (isTrue("Complete")) return "Complete";
  return isTrue("Failed") ? "Failed" : undefined;
}

export const podsOf = ({ metadata }: Job, { pods }: Pick<JobFacts, "pods">): Pod[] =>
  pods.filter((pod) =>
    pod.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === metadata.uid),
  );

const byStage = (a: Job, b: Job): number =>
  stages.indexOf(stageOf(a)) - stages.indexOf(stageOf(b)) || runOf(a) - runOf(b);

const attemptOf = (job: Job): number => numberOf(job, labels.attempt);
const runOf = (job: Job): number => numberOf(job, labels.run);
const numberOf = ({ metadata }: Job, label: string): number => {
  const number = Number(metadata.labels?.[label] ?? "0");
  return Number.isSafeInteger(number) && number >= 0 ? number : 0;
};

export function stageOf({ metadata }: Job): Stage {
  return stages.find((stage) => stage === metadata.labels?.[labels.stage]) ?? "all";
}
