/** The Jobs of an export. Names follow from what they are for, so that whoever makes one twice finds the first. */
import { createHash } from "node:crypto";
import { apiVersion } from "../../domain/resources/resource.ts";
import type { Ways } from "../../domain/ports/places.ts";
import { mountsOf } from "./mounts.ts";
import type { Job, Pod } from "./objects.ts";
import { workerContainer, workerPodTemplate } from "./pod-template.ts";
import type { WorkerJob, WorkerSettings } from "./worker-job.ts";
import { annotations as annotationNames, commonLabels, labels as labelNames } from "./worker-labels.ts";
import { type Stage, taskEnvironment, type WorkerTask } from "./worker-task.ts";

export interface JobIdentity {
  readonly exportUid: string;
  readonly stage: Stage;
  /** Counts from 0. */
  readonly attempt: number;
  /** 1 of the same once more. */
  readonly run: number;
}

/** `ls-` and 16 hex digits and the stage: at most 28 characters, so that an Indexed Job's pods keep within 63. */
export function jobName({ exportUid, stage, attempt, run }: JobIdentity): string {
  const identity = [exportUid, stage, attempt, ...(run === 0 ? [] : [run])].join("\n");
  return `ls-${digestOf(identity)}-${stage}`;
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Failures of one worker's share before the whole attempt has failed. */
const retriesOfShare = 3;
const cleanupRetries = 2;
export const cleanupSeconds = 600;

/** Throws InvalidDocument where the request is too long for a pod. */
export function jobManifest(job: WorkerJob, settings: WorkerSettings, stage: Stage, run = 0): Job {
  const { owner } = job;
  const identity = { exportUid: owner.uid, stage, attempt: job.export?.attempt ?? 0, run };
  const labels = {
    ...commonLabels,
    [labelNames.exportUid]: owner.uid,
    [labelNames.stage]: stage,
    [labelNames.attempt]: String(identity.attempt),
    [labelNames.run]: String(run),
  };
  const annotations = {
    [annotationNames.export]: owner.name,
    ...(job.locations.destination && { [annotationNames.location]: job.locations.destination }),
  };
  const mounts = mountsOf(job);
  const environment = taskEnvironment(taskOf(job, mounts.ways));
  const template = workerPodTemplate(job, settings, { stage, mounts, environment, labels, annotations });
  const spec = { ...stageSpec(stage, job.export?.workers ?? 1), template };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: jobName(identity),
      namespace: owner.namespace,
      labels,
      annotations: { ...annotations, [annotationNames.spec]: digestOf(JSON.stringify(spec)) },
      ownerReferences: [{ apiVersion, kind: "Export", name: owner.name, uid: owner.uid, controller: true }],
    },
    spec,
  };
}

/** What differs between stages: a Job is Complete when each of its pods has done its share. */
function stageSpec(stage: Stage, count: number): Omit<Job["spec"], "template"> {
  switch (stage) {
    case "pack":
      return {
        completionMode: "Indexed",
        completions: count,
        parallelism: count,
        backoffLimitPerIndex: retriesOfShare,
        podFailurePolicy,
      };
    case "cleanup":
      // No policy: with one Kubernetes makes no pod in the place of one that a lost node keeps for ever.
      return { backoffLimit: cleanupRetries, activeDeadlineSeconds: cleanupSeconds };
    case "all":
    case "plan":
    case "finalize":
      // The controller counts failed attempts, shows them, and begins the next under another name.
      return { backoffLimit: 0, podFailurePolicy };
  }
}

/** In the worker's exit codes: 1 will not go well the next time either, 130 was told to stop, which is nobody's failure. */
const podFailurePolicy = {
  rules: [
    { action: "FailJob", onExitCodes: { containerName: workerContainer, operator: "In", values: [1] } },
    { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
    { action: "Ignore", onExitCodes: { containerName: workerContainer, operator: "In", values: [130] } },
  ],
};

function taskOf({ owner, recordsOwner, locations, export: work }: WorkerJob, ways: Ways): WorkerTask {
  const { source = "", destination = "", previous } = locations;
  if (work === undefined)
    return { kind: "cleanup", place: { location: destination, owner: recordsOwner, ways } };
  const { include, exclude } = work.options;
  return {
    kind: "export",
    job: {
      exportUid: owner.uid,
      owner: recordsOwner,
      attempt: work.attempt,
      namespace: owner.namespace,
      name: owner.name,
      source,
      location: destination,
      ...(previous === undefined ? {} : { previous }),
      options: { ...work.options, include: [...include], exclude: [...exclude] },
      ...(work.workers === undefined ? {} : { workers: work.workers }),
      ways,
    },
  };
}

/** The pod that a Job would make, to see whether it would be let in. */
export function podOf({ metadata, spec }: Job): Pod {
  const { template } = spec;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${metadata.name}-dry-run`,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      ...template.metadata,
      ...(metadata.ownerReferences && { ownerReferences: metadata.ownerReferences }),
    },
    spec: template.spec,
  };
}
