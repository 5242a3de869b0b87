/** Creates Jobs so that a refusal is known at once, and so that a second attempt finds the first. */
import { LongshoreError } from "../../domain/errors.ts";
import type { KubeApi } from "../kube-api.ts";
import { podOf } from "./job-manifest.ts";
import { type Job, jobs, pods } from "./objects.ts";
import type { Waiting } from "../../domain/ports/job-runner.ts";

/**
 * The Job as it stands, whoever made it; or why the API server lets no such Job or pod in (quota, LimitRange, Pod Security,
 * policies, webhooks). Throws AlreadyExists where something that is not ours has its name.
 */
export async function createJob(api: KubeApi, job: Job, signal: AbortSignal): Promise<Job | Waiting> {
  const refusal = await tryPod(api, job, signal);
  if (refusal !== undefined) return refusal;
  try {
    return await api.create(jobs, job, {}, signal);
  } catch (error) {
    if (error instanceof LongshoreError && error.code === "AlreadyExists") return existing(api, job, signal);
    return refusalOf(error);
  }
}

/** Why the API server lets no pod of the Job in, if it does not; nothing is made. */
export async function tryPod(api: KubeApi, job: Job, signal: AbortSignal): Promise<Waiting | undefined> {
  try {
    await api.create(pods, podOf(job), { dryRun: true }, signal);
    return undefined;
  } catch (error) {
    return refusalOf(error);
  }
}

function refusalOf(error: unknown): Waiting {
  if (!(error instanceof LongshoreError)) throw error;
  if (error.code !== "Forbidden" && error.code !== "InvalidDocument") throw error;
  return { reason: "PodRefused", message: error.message };
}

async function existing(api: KubeApi, { metadata }: Job, signal: AbortSignal): Promise<Job> {
  const { namespace, name } = metadata;
  const found = await api.get<Job>(jobs, { namespace, name }, signal);
  if (found === undefined)
    throw new LongshoreError("Conflict", `the Job ${name} was there a moment ago and is gone`);
  const owner = metadata.ownerReferences?.[0]?.uid;
  if (
    found.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === owner) ===
    true
  )
    return found;
  throw new LongshoreError(
    "AlreadyExists",
    `the namespace ${namespace} has another Job of the name ${name}`,
    {
      hint: "delete that Job",
    },
  );
}

export const isWaiting = (made: Job | Waiting): made is Waiting => "reason" in made;
