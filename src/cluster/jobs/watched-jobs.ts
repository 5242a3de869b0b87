/** Everything that the runner watches, kept in memory: our Jobs and their pods, what Events say of them, and nodes. */
import type { Clock } from "../../domain/ports/clock.ts";
import { createReflector, type Reflector } from "../client/reflector.ts";
import { isAtLeast } from "../client/resource-version.ts";
import type { KubeApi, KubeObject, KubeObjectMeta, KubeQuery, KubeResource } from "../kube-api.ts";
import type { JobFacts } from "./decide-job.ts";
import { type ClusterEvent, events, type Job, jobs, type Node, nodes, type Pod, pods } from "./objects.ts";
import { labels } from "./worker-labels.ts";

export interface WatchedJobs {
  /** Resolves when everything that is there is known. */
  ready(signal: AbortSignal): Promise<void>;
  /** Watches until cancelled. */
  run(signal: AbortSignal): Promise<void>;
  /** All Jobs of an export, with those that were forgotten and of clean-ups. */
  jobsOf(exportUid: string): readonly Job[];
  podsOf(exportUid: string): readonly Pod[];
  facts(exportUid: string): Pick<JobFacts, "events" | "nodeOf">;
  /** Whether a Job is known as it was written, or as it became later. */
  hasSeen(written: KubeObjectMeta): boolean;
}

export interface WatchedJobsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly onError: (error: unknown, about: string) => void;
  /** Told of every export whose Jobs, pods, Events or nodes changed. */
  readonly onChange: (exportUid: string) => void;
}

const exportUidOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.[labels.exportUid];
/** What a refused pod and a volume that can't be mounted are known by; a Job's status says nothing of either. */
const eventQueries: readonly KubeQuery[] = [
  "involvedObject.kind=Job,reason=FailedCreate",
  "involvedObject.kind=Pod,reason=FailedMount",
  "involvedObject.kind=Pod,reason=FailedAttachVolume",
].map((fieldSelector) => ({ fieldSelector }));

export function watchJobs(options: WatchedJobsOptions): WatchedJobs {
  const { onChange } = options;
  const reflect = <T extends KubeObject>(
    resource: KubeResource,
    query: KubeQuery,
    indexBy?: (object: T) => string | undefined,
  ): Reflector<T> => createReflector<T>({ ...options, resource, query, ...(indexBy && { indexBy }) });
  const ours: KubeQuery = { labelSelector: labels.exportUid };
  const jobCache = reflect<Job>(jobs, ours, exportUidOf);
  const podCache = reflect<Pod>(pods, ours, exportUidOf);
  const nodeCache = reflect<Node>(nodes, {});
  const aboutUid = (event: ClusterEvent): string | undefined => event.involvedObject.uid;
  const eventCaches = eventQueries.map((query) => reflect<ClusterEvent>(events, query, aboutUid));
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
        jobCache.run(tell, signal),
        podCache.run(tell, signal),
        nodeCache.run(({ object }) => tellOfNode(object), signal),
        ...eventCaches.map((cache) => cache.run(({ object }) => tellOfEvent(object), signal)),
      ]);
    },
    jobsOf: (uid) => jobCache.indexed(uid),
    podsOf: (uid) => podCache.indexed(uid),
    facts: (uid) => ({
      events: [...jobCache.indexed(uid), ...podCache.indexed(uid)].flatMap(({ metadata }) =>
        eventCaches.flatMap((cache) => cache.indexed(metadata.uid ?? "")),
      ),
      nodeOf: (name) => nodeCache.get({ name }),
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
