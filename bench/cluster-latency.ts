/** How long a small export takes from `kubectl apply` to Succeeded, and on what that time goes. */
import type { KubeEvent, KubeObject, KubeResource } from "../src/cluster/kube-api.ts";
import { type Job, jobs, type Pod, pods } from "../src/cluster/jobs/objects.ts";
import { annotations as annotationNames } from "../src/cluster/jobs/worker-labels.ts";
import { kubeExportStore } from "../src/cluster/store/kube-export-store.ts";
import { resourceOf } from "../src/cluster/store/kube-document.ts";
import { conditionOf } from "../src/domain/resources/condition.ts";
import type { Export } from "../src/domain/resources/resource.ts";
import type { TestCluster } from "../test/cluster/cluster.ts";
import { BenchError } from "./bench-error.ts";
import { type BenchSpace, newExport, openBenchSpace } from "./cluster/bench-space.ts";
import { install } from "./cluster/installation.ts";
import { median } from "./statistics.ts";

/** What happens, in this order, and what each is called in the table. */
const stages = {
  asked: "the Export is sent",
  made: "the API server has taken it",
  job: "the operator has made its Job",
  pod: "Kubernetes has made its pod",
  scheduled: "a node is chosen",
  begun: "the worker's first word",
  done: "the worker's last word",
  told: "the kubelet says how the worker ended",
  succeeded: "the Export is Succeeded",
  complete: "its Job is Complete",
} as const;
type Stage = keyof typeof stages;
const order = Object.keys(stages) as Stage[];

/** Milliseconds since 1970, of this machine's clock, which is the node's. */
type Times = Partial<Record<Stage, number>>;

/** One warm-up, then `runs` exports one after the other. The text is Markdown. */
export async function measureLatency(runs: number): Promise<string> {
  await using space = await openBenchSpace(1);
  await using _installed = await install(space.cluster, { image: space.image, watch: space.namespaces });
  const measured: Times[] = [];
  for (let run = 0; run <= runs; run++) {
    const times = await measureOne(space, `small-${run}`);
    if (run > 0) measured.push(times);
  }
  return table(measured);
}

async function measureOne({ cluster, namespaces }: BenchSpace, name: string): Promise<Times> {
  const [namespace = ""] = namespaces;
  const { api } = cluster;
  const over = new AbortController();
  const store = kubeExportStore({ api, clock: Date, random: Math.random, onError: () => undefined });
  const times: Times = {};
  const note = (stage: Stage, holds: boolean): void => {
    if (holds) times[stage] ??= Date.now();
  };
  const follow = async (resource: KubeResource, see: (object: KubeObject) => void): Promise<void> => {
    const { resourceVersion } = await api.list(resource, { namespace, limit: 1 }, over.signal);
    const query = { namespace, resourceVersion, timeoutSeconds: 280 };
    const seeOurs = (object: KubeObject): void => {
      const { name: own, annotations = {} } = object.metadata;
      if (own === name || annotations[annotationNames.export] === name) see(object);
    };
    following.push(seen(api.watch(resource, query, over.signal), seeOurs, over.signal));
  };
  const following: Promise<void>[] = [];
  const succeeded = Promise.withResolvers<void>();
  const completed = Promise.withResolvers<void>();
  let pod = "";
  await follow(jobs, (object) => {
    const { status } = object as Job;
    note("job", true);
    note("complete", status?.conditions?.some(({ type }) => type === "Complete") === true);
    if (times.complete !== undefined) completed.resolve();
  });
  await follow(pods, (object) => {
    const { spec, status, metadata } = object as Pod;
    pod = metadata.name;
    note("pod", true);
    note("scheduled", spec.nodeName !== undefined);
    note("told", status?.containerStatuses?.some(({ state }) => state?.terminated !== undefined) === true);
  });
  await follow(resourceOf("Export"), (object) => {
    const condition = conditionOf((object as KubeObject as Export).status?.conditions, "Succeeded");
    if (condition === undefined || condition.status === "Unknown") return;
    note("succeeded", condition.status === "True");
    succeeded.resolve();
  });
  note("asked", true);
  await store.create("Export", newExport({ namespace, name }), over.signal);
  note("made", true);
  await succeeded.promise;
  if (times.succeeded === undefined) throw new BenchError(`the export ${name} did not succeed`);
  await completed.promise;
  Object.assign(times, await wordsOf(cluster, { namespace, name: pod }));
  over.abort();
  await Promise.all(following);
  return times;
}

async function seen(
  events: AsyncIterable<KubeEvent<KubeObject>>,
  see: (object: KubeObject) => void,
  over: AbortSignal,
): Promise<void> {
  try {
    for await (const event of events)
      if (event.type !== "BOOKMARK" && event.type !== "DELETED") see(event.object);
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

/** When the worker said its first and its last word, as its log has it. */
async function wordsOf({ api }: TestCluster, pod: { namespace: string; name: string }): Promise<Times> {
  const text = await api.podLog(pod, { tailLines: 1000 }, new AbortController().signal);
  const times = text.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    const { time, message } = JSON.parse(line) as { time: string; message: string };
    return [{ at: Date.parse(time), message }];
  });
  const at = (message: string): number => times.find((one) => one.message === message)?.at ?? Number.NaN;
  return { begun: at("the worker begins"), done: at("the worker is done") };
}

function table(measured: readonly Times[]): string {
  const rows = order.slice(1).map((stage, i) => {
    const before = order[i] ?? "asked";
    const took = measured.map((times) => (times[stage] ?? Number.NaN) - (times[before] ?? Number.NaN));
    const since = measured.map((times) => (times[stage] ?? Number.NaN) - (times.asked ?? Number.NaN));
    return `| ${stages[stage]} | ${median(took).toFixed(0)} | ${median(since).toFixed(0)} |`;
  });
  const whole = measured.map(({ asked = Number.NaN, succeeded: at = Number.NaN }) => at - asked);
  const range = `${Math.min(...whole)}–${Math.max(...whole)}`;
  return [
    `Medians of ${measured.length} exports, one after the other; the whole took ${median(whole).toFixed(0)} ms (${range}).`,
    "",
    "| from the line before until … | ms | since it was sent |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n");
}
