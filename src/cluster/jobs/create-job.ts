/** Creates Jobs so that a refusal is known at once, and so that a second attempt finds the first. */
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import type { KubeApi } from "../kube-api.ts";
import { controllerOf } from "./controller-of.ts";
import { podOf } from "./job-manifest.ts";
import { type Job, jobs, pods } from "./objects.ts";
import type { Waiting } from "../../domain/ports/job-runner.ts";

/**
 * The Job as it stands, whoever made it; or why the API server lets no such Job or pod in (quota, LimitRange, Pod Security,
 * policies, webhooks, something of its name that is not ours).
 */
export async function createJob(api: KubeApi, job: Job, signal: AbortSignal): Promise<Job | Waiting> {
  const refusal = await tryPod(api, job, signal);
  if (refusal !== undefined) return refusal;
  try {
    return await api.create(jobs, job, {}, signal);
  } catch (error) {
    if (hasCode(error, "AlreadyExists")) return existing(api, job, signal);
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

/** Why the API server does not let the Job or a pod of it in, if so; nothing is made. */
export async function tryJob(api: KubeApi, job: Job, signal: AbortSignal): Promise<Waiting | undefined> {
  const refusal = await tryPod(api, job, signal);
  if (refusal !== undefined) return refusal;
  try {
    await api.create(jobs, job, { dryRun: true }, signal);
    return undefined;
  } catch (error) {
    const found = hasCode(error, "AlreadyExists") ? await existing(api, job, signal) : refusalOf(error);
    return isWaiting(found) ? found : undefined;
  }
}

function refusalOf(error: unknown): Waiting {
  if (!(error instanceof LongshoreError)) throw error;
  const isRefused = error.code === "Forbidden" || error.code === "InvalidDocument" || isOfWebhook(error);
  if (!isRefused) throw error;
  return { reason: "PodRefused", message: error.message };
}

/** A webhook refuses by any code that it likes; one that must be asked and does not answer is the server's own failure, 500. */
const isOfWebhook = ({ message }: LongshoreError): boolean =>
  /\bfailed calling webhook "|\badmission webhook "[^"]*" denied the request/.test(message);

async function existing(api: KubeApi, job: Job, signal: AbortSignal): Promise<Job | Waiting> {
  const { namespace, name } = job.metadata;
  const found = await api.get<Job>(jobs, { namespace, name }, signal);
  if (found === undefined)
    throw new LongshoreError("Conflict", `the Job ${name} was there a moment ago and is gone`);
  if (controllerOf(found, "Export")?.uid === controllerOf(job, "Export")?.uid) return found;
  return {
    reason: "AlreadyExists",
    message: `the namespace ${namespace} has another Job ${name}: delete it`,
  };
}

export const isWaiting = (made: object): made is Waiting => "reason" in made;
