/** The Jobs and pods of a namespace as they are, and every Job that there ever was, whatever happens to the API server. */
import assert from "node:assert/strict";
import { createReflector, type Reflector } from "../../src/cluster/client/reflector.ts";
import { endOf } from "../../src/cluster/jobs/job-facts.ts";
import { type Job, jobs, type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import { hasEnded } from "../../src/cluster/jobs/pod-facts.ts";
import { labels } from "../../src/cluster/jobs/worker-labels.ts";
import type { KubeApi, KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";

export interface WatchedWork extends AsyncDisposable {
  jobsOf(exportUid: string): readonly Job[];
  podsOf(exportUid: string): readonly Pod[];
  /** Pods whose container runs, and that nobody has told to go. */
  workersOf(exportUid: string): readonly Pod[];
  /** Stage, attempt and run of all Jobs that the export ever had, clean-ups among them. */
  everOf(exportUid: string): readonly string[];
  /** Resolves as soon as it holds; asked at every change of a Job or pod. */
  until(what: string, holds: () => boolean, patience?: number): Promise<void>;
}

/** Milliseconds. */
const usualPatience = 300_000;

export function watchWork(api: KubeApi, namespace: string): WatchedWork {
  const controller = new AbortController();
  const ever = new Map<string, { readonly exportUid: string; readonly task: string }>();
  const waiting = new Set<() => void>();
  const reflect = <T extends KubeObject>(resource: KubeResource): Reflector<T> =>
    createReflector<T>({
      api,
      resource,
      query: { namespace, labelSelector: labels.exportUid },
      clock: Date,
      random: Math.random,
      backOff: { first: 100, longest: 1000 },
      onError: () => undefined,
      indexBy: exportUidOf,
    });
  const [jobCache, podCache] = [reflect<Job>(jobs), reflect<Pod>(pods)];
  const wakeAll = (): void => {
    for (const wake of waiting) wake();
  };
  const running = [
    jobCache.run(({ object }) => {
      const exportUid = exportUidOf(object) ?? "";
      ever.set(object.metadata.uid ?? "", { exportUid, task: taskOf(object) });
      wakeAll();
    }, controller.signal),
    podCache.run(wakeAll, controller.signal),
  ];
  return {
    jobsOf: (uid) => jobCache.indexed(uid),
    podsOf: (uid) => podCache.indexed(uid),
    workersOf: (uid) => podCache.indexed(uid).filter(works),
    everOf: (uid) => [...ever.values()].filter(({ exportUid }) => exportUid === uid).map(({ task }) => task),
    until: async (what, holds, patience = usualPatience) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const late = setTimeout(() => reject(new Error(`${what}: not within ${patience / 1000} s`)), patience);
      const look = (): void => {
        if (holds()) resolve();
      };
      waiting.add(look);
      try {
        look();
        await promise;
      } finally {
        clearTimeout(late);
        waiting.delete(look);
      }
    },
    [Symbol.asyncDispose]: async () => {
      controller.abort(new Error("the test is over"));
      await Promise.all(running);
    },
  };
}

const exportUidOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.[labels.exportUid];

function taskOf({ metadata }: Job): string {
  const { [labels.stage]: stage, [labels.attempt]: attempt, [labels.run]: run } = metadata.labels ?? {};
  return `${stage} ${attempt}.${run ?? 0}`;
}

const works = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.containerStatuses?.some(({ state }) => state?.running !== undefined) === true;

/** One Job for each stage of each attempt, whatever died when it was made. */
export function expectNoTwins(work: WatchedWork, exportUid: string): void {
  const tasks = work.everOf(exportUid).toSorted();
  assert.ok(tasks.length > 0, "no Job of it was seen");
  assert.deepEqual(tasks, [...new Set(tasks)], "a Job was made twice");
}

/** Resolves when nothing of the export works any more. */
export async function expectRest(work: WatchedWork, exportUid: string): Promise<void> {
  await work.until(
    `nothing of ${exportUid} works`,
    () =>
      work.jobsOf(exportUid).every((job) => endOf(job) !== undefined) &&
      work.podsOf(exportUid).every(hasEnded),
  );
}
