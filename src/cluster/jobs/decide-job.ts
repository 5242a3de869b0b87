/** What an export's Jobs and pods amount to, and what has to be done about them next. Pure: the same facts, the same answer. */
import { isDeepStrictEqual } from "node:util";
import type { Reached } from "../../domain/furthest-progress.ts";
import type { JobObservation, JobResult } from "../../domain/ports/job-runner.ts";
import { attemptOf, currentJob, endOf, hasCondition, podsOf, runOf, stageOf } from "./job-facts.ts";
import { doneSoFar } from "./job-progress.ts";
import { nextStartDue, waitingOfJob } from "./job-waiting.ts";
import type { ClusterEvent, Job, Node, Pod } from "./objects.ts";
import {
  endedAt,
  errorOf,
  hasBegun,
  hasEnded,
  isDone,
  type JobError,
  lostAt,
  messageOf,
} from "./pod-facts.ts";
import type { Stage } from "./worker-task.ts";

/** All of one export; Jobs that were forgotten and those of clean-ups are not among them. */
export interface JobFacts {
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  readonly events: readonly ClusterEvent[];
  readonly nodeOf: (name: string) => Node | undefined;
  /** What the workers of a Job report, by their shares. */
  readonly reportsOf?: (jobUid: string) => ReadonlyMap<number, Reached>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface JobDecision {
  readonly observation: JobObservation;
  /** A Job to create: the next stage, or the same once more because nobody knows how it went. */
  readonly create?: { readonly after: Job; readonly stage: Stage; readonly run: number };
  /**
   * A Job whose pods were removed a while ago, and none came in their place. Kubernetes lets the last pod of a share go only for
   * its successor, which a namespace that is being deleted does not let in; and the namespace waits for its pods.
   */
  readonly bereft?: Job;
  /** When the answer may change without anything happening, in milliseconds since 1970. */
  readonly lookAgain?: number;
}

const following: Partial<Record<Stage, Stage>> = { plan: "pack", pack: "finalize" };
/** Of a stage, where the first left no word. */
const mostRuns = 2;

/** Undefined where there is no Job. */
export function decideJob(facts: JobFacts): JobDecision | undefined {
  const current = currentJob(facts.jobs);
  if (current === undefined) return undefined;
  const attempt = attemptOf(current);
  const jobs = facts.jobs.filter((job) => attemptOf(job) === attempt);
  const base = { attempt, ...reachedBy(jobs, facts) };
  const decision = decideCurrent(current, base, facts);
  if (current.spec.suspend !== true || !isHeldBack(decision, current, facts)) return decision;
  return { observation: { ...base, phase: "suspended" } };
}

function decideCurrent(current: Job, base: Base, facts: JobFacts): JobDecision {
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

/**
 * Whether suspending keeps what was decided from happening. An end of the export itself stands; a Job that failed because
 * its pods were ended, before they could begin or say a word, is made anew when it is resumed.
 */
function isHeldBack({ observation, create }: JobDecision, job: Job, facts: JobFacts): boolean {
  if (create !== undefined) return true;
  switch (observation.phase) {
    case "queued":
    case "running":
      return isAtRest(job, facts);
    case "failed":
      return observation.error?.code === "WorkerLost" || observation.error?.code === "Interrupted";
    case "succeeded":
    case "suspended":
      return false;
  }
}

/** Whether a Job that is suspended has no pod that works; one on a lost node works for all that anybody knows, and is given up. */
function isAtRest(job: Job, facts: JobFacts): boolean {
  return hasCondition(job, "Suspended") && !podsOf(job, facts).some((pod) => works(pod, facts));
}

/** Whether it may still do something: pods of a lost node are there for ever. */
export function works(pod: Pod, { nodeOf, now }: Pick<JobFacts, "nodeOf" | "now">): boolean {
  const lost = lostAt(pod, nodeOf(pod.spec.nodeName ?? ""));
  return !hasEnded(pod) && (lost === undefined || lost > now);
}

type Base = Reached & Pick<JobObservation, "attempt">;

function decideComplete(job: Job, pods: readonly Pod[], base: Base): JobDecision {
  const stage = stageOf(job);
  const next = following[stage];
  if (next !== undefined)
    return { observation: { ...base, phase: "running" }, create: { after: job, stage: next, run: 0 } };
  const result = resultOf(job, pods);
  if (result !== undefined) return { observation: { ...base, phase: "succeeded", result } };
  const run = runOf(job) + 1;
  // Its pod may be gone before anybody read its message: the work is done, and who does it again only finds that out.
  if (run < mostRuns)
    return { observation: { ...base, phase: "running" }, create: { after: job, stage, run } };
  const message = "its workers succeeded twice and left no word of what came out";
  return { observation: { ...base, phase: "failed", error: { code: "WorkerLost", message } } };
}

/** By which Kubernetes knows pods that it has to count for their Job still. */
const tracked = "batch.kubernetes.io/job-tracking";

/**
 * What came out, in the words of who did the work. Whoever may create pods can make one that seems to be the Job's, so only
 * one is heard that Kubernetes counts as its success; it does not say which those were once the Job is Complete.
 */
function resultOf(job: Job, pods: readonly Pod[]): JobResult | undefined {
  if (following[stageOf(job)] !== undefined) return undefined;
  const isOver = endOf(job) === "Complete";
  const isCounted = ({ metadata }: Pod): boolean => isOver || metadata.finalizers?.includes(tracked) === true;
  const [result, ...others] = pods
    .filter((pod) => isDone(pod) && isCounted(pod))
    .flatMap((pod) => messageOf(pod)?.result ?? []);
  // Of those who say different things one lies.
  return others.every((other) => isDeepStrictEqual(other, result)) ? result : undefined;
}

function decideActive(job: Job, pods: readonly Pod[], base: Base, facts: JobFacts): JobDecision {
  // Its worker has ended well; kubelet and Job take a second or two until they say so.
  const result = resultOf(job, pods);
  if (result !== undefined) return { observation: { ...base, phase: "succeeded", result } };
  const lost = pods
    .map((pod) => ({ pod, at: lostAt(pod, facts.nodeOf(pod.spec.nodeName ?? "")) }))
    .filter((one): one is { pod: Pod; at: number } => one.at !== undefined)
    .toSorted((a, b) => a.at - b.at)[0];
  if (lost !== undefined && lost.at <= facts.now)
    return { observation: { ...base, phase: "failed", error: lostError(lost.pod) } };
  const waiting = waitingOfJob(job, pods, facts);
  const phase = pods.some(hasBegun) || stageOf(job) !== firstOf(stageOf(job)) ? "running" : "queued";
  const since = bereftSince(pods);
  const isBereft = since !== undefined && since + patienceForSuccessors <= facts.now;
  const told = nextStartDue(job, pods, facts.now);
  const times = [lost?.at, since && nextDoubt(since, facts.now), told].filter((time) => time !== undefined);
  return {
    observation: { ...base, phase, ...(waiting && { waiting }) },
    ...(isBereft && { bereft: job }),
    ...(times.length > 0 && { lookAgain: Math.min(...times) }),
  };
}

/** Milliseconds. */
const patienceForSuccessors = 5000;
const longestDoubt = 60_000;

/** When the first of the pods ended that were removed and are still there; undefined where one of the Job's works. */
function bereftSince(pods: readonly Pod[]): number | undefined {
  if (pods.some((pod) => !hasEnded(pod))) return undefined;
  const removed = pods.filter(
    ({ metadata, status }) => status?.phase === "Failed" && metadata.deletionTimestamp !== undefined,
  );
  // One that never began has no end but that by which it had to be gone.
  const ends = removed.map((pod) => endedAt(pod) || Date.parse(pod.metadata.deletionTimestamp ?? ""));
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Ever more rarely: a share that failed often waits for minutes. */
const nextDoubt = (since: number, now: number): number =>
  now - since < patienceForSuccessors
    ? since + patienceForSuccessors
    : now + Math.min(longestDoubt, now - since);

const firstOf = (stage: Stage): Stage => (stage === "pack" || stage === "finalize" ? "plan" : stage);

const lostError = ({ metadata, spec }: Pod): JobError => ({
  code: "WorkerLost",
  message: `the worker ${metadata.name} is lost with its node ${spec.nodeName ?? ""}`.trimEnd(),
  hint: "another worker goes on from what is safe",
});

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

/** Of one attempt. */
const reachedBy = (jobs: readonly Job[], facts: JobFacts): Reached =>
  doneSoFar(
    jobs.map((job) => ({
      job,
      stage: stageOf(job),
      pods: podsOf(job, facts),
      reports: facts.reportsOf?.(job.metadata.uid ?? "") ?? new Map<number, Reached>(),
    })),
  );
