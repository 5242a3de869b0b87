/** Whether a namespace is being deleted: it lets nothing in any more. */
import type { KubeApi } from "../kube-api.ts";
import { namespaces } from "./objects.ts";

export async function isGoing(name: string, api: KubeApi, signal: AbortSignal): Promise<boolean> {
  const namespace = await api.get(namespaces, { name }, signal);
  return namespace === undefined || namespace.metadata.deletionTimestamp !== undefined;
}
