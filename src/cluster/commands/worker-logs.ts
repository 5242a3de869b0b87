/** What the workers of an export print: those of all its Jobs whose pods are still there, so of earlier attempts, too. */
import type { WorkerLogsCall } from "../../domain/ports/cluster-traces.ts";
import { hasEnded } from "../../domain/resources/export-end.ts";
import type { Export } from "../../domain/resources/resource.ts";
import { type Pod, pods } from "../jobs/objects.ts";
import { hasBegun } from "../jobs/pod-facts.ts";
import { labels } from "../jobs/worker-labels.ts";
import type { KubeQuery } from "../kube-api.ts";
import { type ChangesHome, documentChanges, objectChanges } from "./object-changes.ts";
import { followPodLog, readPodLog } from "./pod-log.ts";

const queryOf = ({ metadata }: Export): KubeQuery => ({
  namespace: metadata.namespace,
  labelSelector: `${labels.exportUid}=${metadata.uid}`,
});

/** One after another, in the order of their beginning. The number of pods that had something to say. */
export async function readWorkerLogs(
  home: ChangesHome,
  { of, tailLines, onLine }: WorkerLogsCall,
  signal: AbortSignal,
): Promise<number> {
  const begun = await begunPods(home, of, signal);
  const isOneOfMany = begun.length > 1;
  for (const pod of begun) {
    const { name } = pod.metadata;
    const call = { pod, tailLines, onLine: (text: string) => onLine({ pod: name, isOneOfMany, text }) };
    await readPodLog(home, call, signal);
  }
  return begun.length;
}

async function begunPods({ api }: ChangesHome, of: Export, signal: AbortSignal): Promise<readonly Pod[]> {
  const { items } = await api.list<Pod>(pods, queryOf(of), signal);
  const timeOf = ({ metadata }: Pod): string => metadata.creationTimestamp ?? "";
  return items
    .filter(hasBegun)
    .toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)) || a.metadata.name.localeCompare(b.metadata.name));
}

/** Of all that have begun or begin, until the export has ended or is gone, and its pods with it. */
export async function followWorkerLogs(
  home: ChangesHome,
  { of, tailLines, onLine }: WorkerLogsCall,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const ours = AbortSignal.any([signal, stop.signal]);
  const followed = new Map<string, Promise<void>>();
  const failed = Promise.withResolvers<never>();
  // It is looked at in the races below, and may be rejected after them.
  failed.promise.catch(() => undefined);
  const follow = (pod: Pod): void => {
    const { name, uid = name } = pod.metadata;
    if (!hasBegun(pod) || followed.has(uid)) return;
    const isOneOfMany = (): boolean => of.spec.workers.count > 1 || followed.size > 1;
    const call = {
      pod,
      tailLines,
      onLine: (text: string) => onLine({ pod: name, isOneOfMany: isOneOfMany(), text }),
    };
    followed.set(uid, followPodLog(home, call, ours).catch(failed.reject));
  };
  const watching = followPods().catch(failed.reject);
  try {
    await Promise.race([untilEnded(home, of, ours), failed.promise]);
    for (const pod of await begunPods(home, of, ours)) follow(pod);
    await Promise.race([Promise.all(followed.values()), failed.promise]);
  } finally {
    stop.abort();
    await Promise.allSettled([watching, ...followed.values()]);
  }

  async function followPods(): Promise<void> {
    for await (const { type, object } of objectChanges<Pod>(home, pods, queryOf(of), ours))
      if (type !== "DELETED") follow(object);
  }
}

/** Resolves when the export will not change by itself any more. */
async function untilEnded(home: ChangesHome, { metadata }: Export, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = metadata;
  for await (const { type, object } of documentChanges(home, "Export", { namespace, name }, signal)) {
    if (type === "DELETED" || object.metadata.uid !== uid || hasEnded(object)) return;
  }
}
