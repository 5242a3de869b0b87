/** How far the workers of an attempt are: by their last words, and by what they report until there are any. Pure. */
import type { Reached } from "../../domain/furthest-progress.ts";
import { indexOf } from "../reports/reporting-share.ts";
import type { Job, Pod } from "./objects.ts";
import { messageOf } from "./pod-facts.ts";
import type { WorkerMessage } from "./worker-message.ts";
import type { Stage } from "./worker-task.ts";

/** A Job with what is heard of its pods. */
export interface HeardJob {
  readonly job: Job;
  readonly stage: Stage;
  readonly pods: readonly Pod[];
  /** By shares. */
  readonly reports: ReadonlyMap<number, Reached>;
}

type Planned = NonNullable<WorkerMessage["planned"]>;
type Packed = NonNullable<WorkerMessage["packed"]>;

/** Of the Jobs of one attempt. */
export function doneSoFar(jobs: readonly HeardJob[]): Reached {
  const messages = jobs.flatMap(({ pods }) => pods.map(messageOf));
  const result = messages.find((message) => message?.result !== undefined)?.result;
  if (result !== undefined) return progressOfResult(result);
  const whole = jobs.find(({ stage }) => stage === "all")?.reports.get(0);
  if (whole !== undefined) return whole;
  const planning = jobs.find(({ stage }) => stage === "plan")?.reports.get(0)?.progress;
  const planned = messages.find((message) => message?.planned !== undefined)?.planned;
  // The planner's pod may be gone; that there is a plan is known all the same.
  const isPlanned =
    planned !== undefined || planning?.planned === true || jobs.some(({ stage }) => stage === "pack");
  const packed = jobs.filter(({ stage }) => stage === "pack").flatMap(packedOf);
  return progressOf(planned ?? plannedOf(planning), packed, isPlanned);
}

const plannedOf = (progress: Reached["progress"] | undefined): Planned | undefined =>
  progress && {
    parts: progress.plannedParts,
    files: progress.plannedFiles,
    bytes: progress.plannedBytes,
  };

/** What each share has made safe: a worker's last word on it counts more than what was reported before. */
function packedOf({ job, pods, reports }: HeardJob): Packed[] {
  const shares = new Map<number, Packed>();
  for (const [index, { progress, parts }] of reports)
    shares.set(index, {
      parts: parts.succeeded,
      reused: parts.reused,
      files: progress.files,
      bytes: progress.bytes,
    });
  for (const [position, pod] of pods.entries()) {
    const packed = messageOf(pod)?.packed;
    // A pod that does not say which share it had counts for one of its own.
    if (packed !== undefined) shares.set(indexOf(pod, job) ?? -1 - position, packed);
  }
  return [...shares.values()];
}

function progressOf(
  planned: WorkerMessage["planned"],
  packed: readonly Packed[],
  isPlanned: boolean,
): Reached {
  // Numbers that somebody makes up must not add up to one that no status can have.
  const sum = (of: (one: Packed) => number): number =>
    packed.reduce((total, one) => Math.min(Number.MAX_SAFE_INTEGER, total + of(one)), 0);
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

function progressOfResult({ bytes, files, parts }: NonNullable<WorkerMessage["result"]>): Reached {
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
