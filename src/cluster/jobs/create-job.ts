/** Creates Jobs so that a refusal is known at once, and so that a second attempt finds the first. */
import { LongshoreError } from "../../domain/errors.ts";
import type { KubeApi } from "../kube-api.ts";
import { podOf } from "./job-manifest.ts";
import { type Job, jobs, pods } from "./objects.ts";
import type { Waiting } from "./pod-facts.ts";

/**
 * The Job as it stands, whoever made it; or why the API server lets no such Job or pod in (quota, LimitRange, Pod Security,
 * policies, webhooks). Throws AlreadyExists where something that is not ours has its name.
 */
export async function createJob(api: KubeApi, job: Job, signal: AbortSignal): Promise<Job | Waiting> {
  try {
    await api.create(pods, podOf(job), { dryRun: true }, signal);
    return await api.create(jobs, job, {}, signal);
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    if (error.code === "AlreadyExists") return existing(api, job, signal);
    if (error.code === "Forbidden" || error.code === "InvalidDocument")
      return { reason: "PodRefused", message: error.message };
    throw error;
  }
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
