/** Whose the records of an export are: uids that nothing has again, whatever gets the same names after it. */
import { LongshoreError } from "../../domain/errors.ts";
import type { KubeApi } from "../kube-api.ts";
import { namespaces } from "./objects.ts";
import type { WorkerJob } from "./worker-job.ts";

/** A cluster is known by the namespace that each has and none loses. */
const ofEveryCluster = "kube-system";
const clusterUids = new WeakMap<KubeApi, string>();

/** The uids of the cluster, the namespace and the Export, with "/" between. Throws ResourceNotFound where the namespace is gone. */
export async function recordsOwner(
  { namespace, uid }: WorkerJob["owner"],
  api: KubeApi,
  signal: AbortSignal,
): Promise<string> {
  const clusterUid = clusterUids.get(api) ?? (await uidOf(ofEveryCluster, api, signal));
  clusterUids.set(api, clusterUid);
  return [clusterUid, await uidOf(namespace, api, signal), uid].join("/");
}

async function uidOf(name: string, api: KubeApi, signal: AbortSignal): Promise<string> {
  const uid = (await api.get(namespaces, { name }, signal))?.metadata.uid;
  if (uid !== undefined) return uid;
  throw new LongshoreError("ResourceNotFound", `there is no Namespace ${name}`);
}
