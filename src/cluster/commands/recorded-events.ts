/** What Kubernetes keeps of what happened to a document: its Events, of about the last hour. */
import type { NotedEvent } from "../../domain/ports/cluster-traces.ts";
import type { KubeApi } from "../kube-api.ts";
import { type ClusterEvent, events } from "../jobs/objects.ts";
import { eventTime } from "../jobs/pod-facts.ts";

/** Beside what a worker looks at. */
interface CountedEvent extends ClusterEvent {
  readonly count?: number;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
}

const mostEvents = 500;

/** Oldest first. */
export async function recordedEvents(
  api: KubeApi,
  { namespace, uid }: { readonly namespace: string; readonly uid: string },
  signal: AbortSignal,
): Promise<readonly NotedEvent[]> {
  const query = { namespace, fieldSelector: `involvedObject.uid=${uid}`, limit: mostEvents };
  const { items } = await api.list<CountedEvent>(events, query, signal);
  return items
    .map((event) => ({ event, time: timeOf(event) }))
    .toSorted((a, b) => a.time - b.time)
    .map(({ event: { type, reason, message, count, series }, time }) => ({
      type,
      reason,
      message,
      count: series?.count ?? count ?? 1,
      time: new Date(time).toISOString(),
    }));
}

const timeOf = (event: CountedEvent): number =>
  Math.max(eventTime(event), Date.parse(event.series?.lastObservedTime ?? "") || 0);
