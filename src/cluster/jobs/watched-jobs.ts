/** Everything that the runner watches, kept in memory: our Jobs and their pods, what Events say of them, and nodes. */
import type { Clock } from "../../domain/ports/clock.ts";
import { createReflector, type Reflector } from "../client/reflector.ts";
import { isAtLeast } from "../client/resource-version.ts";
import type { KubeApi, KubeKey, KubeObject, KubeObjectMeta, KubeQuery, KubeResource } from "../kube-api.ts";
import type { ReportedProgress } from "../reports/reported-progress.ts";
import { controllerOf } from "./controller-of.ts";
import type { JobFacts } from "./decide-job.ts";
import { type ClusterEvent, events, type Job, jobs, type Node, nodes, type Pod, pods } from "./objects.ts";
import { startFailures } from "./pod-facts.ts";
import { labels } from "./worker-labels.ts";

export interface WatchedJobs {
  /** Resolves when everything that is there is known. */
  ready(signal: AbortSignal): Promise<void>;
  /** Watches until cancelled. */
  run(signal: AbortSignal): Promise<void>;
  /** All Jobs of an export, with those that were forgotten and of clean-ups. */
  jobsOf(exportUid: string): readonly Job[];
  podsOf(exportUid: string): readonly Pod[];
  pod(key: KubeKey): Pod | undefined;
  job(key: KubeKey): Job | undefined;
  facts(exportUid: string): Pick<JobFacts, "events" | "nodeOf" | "reportsOf">;
  /** Whether a Job is known as it was written, or as it became later. */
  hasSeen(written: KubeObjectMeta): boolean;
}

export interface WatchedJobsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Whose exports are looked after; all where there are none. Others have an operator of their own. */
  readonly namespaces: readonly string[];
  /** Where the Export of that uid lies, if it is known: what lies elsewhere and names it is forged. */
  readonly namespaceOf: (exportUid: string) => string | undefined;
  readonly onError: (error: unknown, about: string) => void;
  /** Told of every export whose Jobs, pods, Events or nodes changed. */
  readonly onChange: (exportUid: string) => void;
  /** What the workers report; forgotten with their Jobs. */
  readonly reported: ReportedProgress;
}

/**
 * Anybody can put our labels on what is his: it counts only where an Export, or a Job, controls it. What says so of an owner
 * that is not in its namespace is removed by the cluster's garbage collector, which takes a moment.
 */
function claimedExport(object: KubeObject): string | undefined {
  const uid = object.metadata.labels?.[labels.exportUid];
  const isOurs = controllerOf(object, "Export")?.uid === uid || controllerOf(object, "Job") !== undefined;
  return isOurs ? uid : undefined;
}
/** What refused pods and those that a node can't start are known by; no status says anything of either. */
const eventQueries: readonly KubeQuery[] = [
  "involvedObject.kind=Job,reason=FailedCreate",
  ...startFailures.map((reason) => `involvedObject.kind=Pod,reason=${reason}`),
].map((fieldSelector) => ({ fieldSelector }));

/** A node has tens of kilobytes, most of them names of images, and there may be thousands. */
function healthOf({ apiVersion, kind, metadata, status }: Node): Node {
  const { name, uid, resourceVersion } = metadata;
  const conditions = status?.conditions?.filter(({ type }) => type === "Ready") ?? [];
  return {
    apiVersion,
    kind,
    metadata: { name, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
    status: { conditions },
  };
}

export function watchJobs(options: WatchedJobsOptions): WatchedJobs {
  const { onChange, reported, namespaceOf } = options;
  const namespaces = new Set(options.namespaces);
  const exportUidOf = (object: KubeObject): string | undefined =>
    namespaces.size === 0 || namespaces.has(object.metadata.namespace ?? "")
      ? claimedExport(object)
      : undefined;
  const reflect = <T extends KubeObject>(
    resource: KubeResource,
    query: KubeQuery,
    indexBy?: (object: T) => string | undefined,
  ): Reflector<T> => createReflector<T>({ ...options, resource, query, ...(indexBy && { indexBy }) });
  const ours: KubeQuery = { labelSelector: labels.exportUid };
  const jobCache = reflect<Job>(jobs, ours, exportUidOf);
  const podCache = reflect<Pod>(pods, ours, exportUidOf);
  const nodeCache = createReflector<Node>({ ...options, resource: nodes, query: {}, keep: healthOf });
  const aboutUid = (event: ClusterEvent): string | undefined => event.involvedObject.uid;
  const eventCaches = eventQueries.map((query) => reflect<ClusterEvent>(events, query, aboutUid));
  const isAtHome = (exportUid: string): ((object: KubeObject) => boolean) => {
    const home = namespaceOf(exportUid);
    return ({ metadata }) => home === undefined || metadata.namespace === home;
  };
  const jobsOf = (uid: string): readonly Job[] => jobCache.indexed(uid).filter(isAtHome(uid));
  const podsOf = (uid: string): readonly Pod[] => podCache.indexed(uid).filter(isAtHome(uid));
  const caches = [jobCache, podCache, nodeCache, ...eventCaches];
  return {
    ready: async (signal) => {
      await Promise.all(caches.map((cache) => cache.ready(signal)));
    },
    run: async (signal) => {
      const tell = ({ object }: { readonly object: KubeObject }): void => {
        const uid = exportUidOf(object);
        if (uid !== undefined) onChange(uid);
      };
      await Promise.all([
        jobCache.run((change) => {
          if (change.type === "DELETED") reported.forget(change.object.metadata.uid ?? "");
          tell(change);
        }, signal),
        podCache.run(tell, signal),
        nodeCache.run(({ object }) => tellOfNode(object), signal),
        ...eventCaches.map((cache) => cache.run(({ object }) => tellOfEvent(object), signal)),
      ]);
    },
    jobsOf,
    podsOf,
    pod: (key) => podCache.get(key),
    job: (key) => jobCache.get(key),
    facts: (uid) => ({
      events: [...jobsOf(uid), ...podsOf(uid)].flatMap(({ metadata }) =>
        eventCaches.flatMap((cache) => cache.indexed(metadata.uid ?? "")),
      ),
      nodeOf: (name) => nodeCache.get({ name }),
      reportsOf: (jobUid) => reported.of(jobUid),
    }),
    hasSeen: ({ namespace, name, uid, resourceVersion = "" }) => {
      const known = jobCache.get({ namespace, name })?.metadata;
      if (known?.uid === uid && isAtLeast(known?.resourceVersion ?? "", resourceVersion)) return true;
      // It may have come and gone again.
      return isAtLeast(jobCache.position() ?? "", resourceVersion);
    },
  };

  /** Heartbeats change a node too, so only the pods of one that is not well are looked at again. */
  function tellOfNode({ metadata, status }: Node): void {
    const isReady = status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True");
    if (isReady === true) return;
    for (const pod of podCache.list()) {
      const uid = exportUidOf(pod);
      if (uid !== undefined && pod.spec.nodeName === metadata.name) onChange(uid);
    }
  }

  function tellOfEvent({ involvedObject }: ClusterEvent): void {
    const { kind, name, namespace } = involvedObject;
    if (namespace === undefined) return;
    const object = (kind === "Job" ? jobCache : podCache).get({ namespace, name });
    const uid = object && exportUidOf(object);
    if (uid !== undefined) onChange(uid);
  }
}
