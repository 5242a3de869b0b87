/** What one pod of a worker says of itself: its last words, why it does not begin, whether it is lost. Pure. */
import type { JobObservation, Waiting } from "../../domain/ports/job-runner.ts";
import type { ClusterEvent, Node, Pod, Terminated } from "./objects.ts";
import { workerContainer } from "./pod-template.ts";
import { parseMessage, type WorkerMessage } from "./worker-message.ts";

export type JobError = NonNullable<JobObservation["error"]>;

export const hasEnded = ({ status }: Pod): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Failed";

export const hasBegun = (pod: Pod): boolean =>
  pod.status?.phase === "Running" || hasEnded(pod) || stateOf(pod)?.terminated !== undefined;

const stateOf = ({ status }: Pod) =>
  status?.containerStatuses?.find(({ name }) => name === workerContainer)?.state;

const terminatedOf = (pod: Pod): Terminated | undefined => stateOf(pod)?.terminated;

/** Whether its program has ended well, as far as the kubelet says so by now. */
export const isDone = (pod: Pod): boolean =>
  pod.status?.phase !== "Failed" && terminatedOf(pod)?.exitCode === 0;

export const messageOf = (pod: Pod): WorkerMessage | undefined => parseMessage(terminatedOf(pod)?.message);

/** When it ended, in milliseconds since 1970; 0 where nobody knows. */
export const endedAt = (pod: Pod): number => timeOf(terminatedOf(pod)?.finishedAt) ?? 0;

/** Why it failed, in its own words where it has left some. */
export function errorOf(pod: Pod): JobError {
  const said = messageOf(pod)?.error;
  if (said !== undefined) {
    const { code, message, hint } = said;
    return { ...(code && { code }), message, ...(hint && { hint }) };
  }
  return { code: "WorkerLost", ...endingOf(pod) };
}

/** What Kubernetes knows of an end without a word. */
function endingOf(pod: Pod): { readonly message: string; readonly hint?: string } {
  const { name } = pod.metadata;
  const terminated = terminatedOf(pod);
  if (terminated?.reason === "OOMKilled")
    return {
      message: `the worker ${name} was ended because it took more memory than it may have`,
      hint: "raise spec.workers.resources.limits.memory",
    };
  const { reason, message } = pod.status ?? {};
  if (reason !== undefined)
    return {
      message: `the worker ${name} was ended (${reason}${message === undefined ? "" : `: ${message}`})`,
    };
  if (terminated !== undefined)
    return { message: `the worker ${name} ended with ${terminated.exitCode} and without a word` };
  return { message: `the worker ${name} is gone without a word` };
}

/** Reasons of a container that no time heals, and of those that time may heal but a person should know. */
const toldReasons: ReadonlySet<string> = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "ErrImageNeverPull",
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "RunContainerError",
]);

/** Reasons of Events that alone say why a node does not start a pod. */
export const startFailures: readonly string[] = [
  "FailedMount",
  "FailedAttachVolume",
  "FailedCreatePodSandBox",
];

/** What happens besides, and when it is asked. */
export interface Circumstances {
  readonly events: readonly ClusterEvent[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What keeps a pod from beginning, as far as people want to know. */
export function waitingOf(pod: Pod, { events, now }: Circumstances): Waiting | undefined {
  if (hasBegun(pod)) return undefined;
  return waitingContainer(pod) ?? unscheduled(pod) ?? notStarted(pod, events) ?? starting(pod, now);
}

function waitingContainer(pod: Pod): Waiting | undefined {
  const { reason = "", message } = stateOf(pod)?.waiting ?? {};
  if (!toldReasons.has(reason)) return undefined;
  return { reason, message: message ?? `the container waits: ${reason}` };
}

function unscheduled({ status }: Pod): Waiting | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status !== "False") return undefined;
  return {
    reason: scheduled.reason ?? "Unschedulable",
    message: scheduled.message ?? "no node takes the pod",
  };
}

function notStarted({ metadata }: Pod, events: readonly ClusterEvent[]): Waiting | undefined {
  const isOurs = ({ involvedObject, reason }: ClusterEvent): boolean =>
    involvedObject.uid === metadata.uid && startFailures.includes(reason);
  const event = lastOf(events, isOurs);
  return event && { reason: event.reason, message: event.message };
}

/** Milliseconds that something may be about to begin before people are told that it is. */
const usualStart = 10_000;

/** When people are told of what was made and has not begun, in milliseconds since 1970; undefined where nobody knows. */
export function startDue(created: string | undefined): number | undefined {
  const time = timeOf(created);
  return time === undefined ? undefined : time + usualStart;
}

/** Nothing is known to be wrong: an image is fetched, a volume is made, or nobody is there to do it. */
function starting({ metadata, spec }: Pod, now: number): Waiting | undefined {
  const due = startDue(metadata.creationTimestamp);
  if (due === undefined || now < due) return undefined;
  const what =
    spec.nodeName === undefined ? "waits for a node" : `waits to be started on node ${spec.nodeName}`;
  return { reason: "Starting", message: `the pod ${metadata.name} ${what}`, isUsual: true };
}

export function lastOf(
  events: readonly ClusterEvent[],
  isWanted: (event: ClusterEvent) => boolean,
): ClusterEvent | undefined {
  return events.filter(isWanted).toSorted((a, b) => eventTime(b) - eventTime(a))[0];
}

export const eventTime = ({ lastTimestamp, eventTime: at, metadata }: ClusterEvent): number =>
  timeOf(lastTimestamp) ?? timeOf(at ?? undefined) ?? timeOf(metadata.creationTimestamp) ?? 0;

/** A pod that should be gone for so long, or whose node was not heard of for so long, is given up. */
const patience = 60_000;

/** When the pod has to be given up, in milliseconds since 1970; undefined where nothing is wrong with it. */
export function lostAt(pod: Pod, node: Node | undefined): number | undefined {
  if (hasEnded(pod)) return undefined;
  // It has its grace inside already.
  const due = timeOf(pod.metadata.deletionTimestamp);
  const silent = silentSince(node);
  const times = [due, silent].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times) + patience;
}

function silentSince(node: Node | undefined): number | undefined {
  const ready = node?.status?.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? undefined : timeOf(ready.lastTransitionTime);
}

function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
