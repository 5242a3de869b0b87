/** What may be killed under running exports, and how often that may have hit a pod. */
import assert from "node:assert/strict";
import { pods, type Pod } from "../../src/cluster/jobs/objects.ts";
import type { KubeApi } from "../../src/cluster/kube-api.ts";
import type { TestCluster } from "../cluster/cluster.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { expectExit } from "../fixtures/run.ts";
import { killContainer } from "./victim.ts";

const { signal } = new AbortController();

/** SIGKILL for its worker; whether there was still one. */
export async function killWorker({ status }: Pod): Promise<boolean> {
  const [container] = (status?.containerStatuses ?? []) as readonly { readonly containerID?: string }[];
  return killContainer(container?.containerID ?? assert.fail("its container does not run"));
}

/** As an impatient administrator does it; it may have ended and be gone already. */
export async function removeByForce(cluster: TestCluster, { metadata }: Pod): Promise<void> {
  const { namespace = "", name } = metadata;
  const args = ["delete", "pod", "-n", namespace, name, "--force", "--grace-period=0", "--wait=false"];
  expectExit(await kubectl(cluster, [...args, "--ignore-not-found"]), 0);
}

/** As Kubernetes does it for pods of a node that it does not hear of. */
export async function evict(api: KubeApi, found: readonly Pod[]): Promise<void> {
  for (const { metadata } of found)
    await api.delete(pods, metadata, { ...(metadata.uid && { uid: metadata.uid }) }, signal);
}
