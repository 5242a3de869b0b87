/** What the Job that removes data amounts to. It comes to an end in every case. Pure. */
import type { Waiting } from "../../domain/ports/job-runner.ts";
import { failureOf } from "./decide-job.ts";
import { endOf, hasCondition, podsOf } from "./job-facts.ts";
import { cleanupSeconds } from "./job-manifest.ts";
import { nextStartDue, waitingOfJob } from "./job-waiting.ts";
import type { Job, Pod } from "./objects.ts";
import type { Circumstances } from "./pod-facts.ts";
import { graceSeconds } from "./pod-template.ts";

/** With why the data stays, if it does; or what keeps it waiting. */
export type Removal = { readonly left: string | undefined } | { readonly waiting: Waiting };

export interface RemovalFacts extends Circumstances {
  readonly job: Job;
  readonly pods: readonly Pod[];
  /** What it was known to wait for before. */
  readonly before: Waiting | undefined;
}

/** Undefined while it works. */
export function removalBy(facts: RemovalFacts): Removal | undefined {
  const { job, pods, before, now } = facts;
  // Kubernetes says Complete only when all pods are gone, and one on a lost node never is.
  if (endOf(job) === "Complete" || hasCondition(job, "SuccessCriteriaMet")) return { left: undefined };
  const known = before?.isUsual === true ? undefined : before;
  if (endOf(job) === "Failed") return { left: withWaiting(failureOf(job, pods).message, known) };
  const waiting = waitingOfJob(job, pods, facts);
  if (waiting !== undefined && isHopeless(waiting)) return { left: waiting.message };
  if (now >= giveUpAt(job)) return { left: withWaiting(overdue, waiting ?? known) };
  return waiting && { waiting };
}

/** When it may amount to something else though nothing happens, in milliseconds since 1970. */
export function nextLook(job: Job, pods: readonly Pod[], now: number): number {
  return Math.min(giveUpAt(job), nextStartDue(job, podsOf(job, { pods }), now) ?? Number.POSITIVE_INFINITY);
}

const overdue = "its Job has not ended in its time, as when a node is lost";

/** Milliseconds that Kubernetes has to say that a Job is over, when its pods have had their grace. */
const patience = 30_000;

/** The Job's own end waits for its pods, and those of a lost node never end. */
const giveUpAt = ({ metadata }: Job): number =>
  Date.parse(metadata.creationTimestamp ?? "") + (cleanupSeconds + graceSeconds) * 1000 + patience;

const withWaiting = (message: string, waiting: Waiting | undefined): string =>
  waiting === undefined ? message : `${message}; it waited: ${waiting.message}`;

/** A Secret that is gone does not come back because an Export goes; nothing else is given up before its deadline. */
const isHopeless = ({ reason, message }: Waiting): boolean =>
  reason === "FailedMount" && /\bsecret "[^"]*" not found/.test(message);
