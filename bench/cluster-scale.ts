/**
 * What many Exports cost: memory of the operator, requests to the API server at rest, and the time until a new operator
 * has looked at all of them. Some have ended, some wait for what is missing or are suspended, and a few run.
 */
import { setTimeout } from "node:timers/promises";
import { kubeExportStore } from "../src/cluster/store/kube-export-store.ts";
import { completed } from "../src/controllers/reconcile-result.ts";
import type { ExportStore } from "../src/domain/ports/export-store.ts";
import { conditionOf } from "../src/domain/resources/condition.ts";
import type { Export } from "../src/domain/resources/resource.ts";
import { BenchError } from "./bench-error.ts";
import { type BenchSpace, newExport, openBenchSpace } from "./cluster/bench-space.ts";
import { type Counted, countRequests, type RequestCounter } from "./cluster/counted-requests.ts";
import { install, type Installation } from "./cluster/installation.ts";

export interface ScaleOptions {
  readonly exports: number;
  /** Seconds that nothing happens; longer than a watch lasts, so that its renewal is among what is counted. */
  readonly rest: number;
}

const { signal } = new AbortController();
const writers = 16;
const patience = 300_000;

/** What there is of each kind, as a share of all; what is left waits for a claim that is not there. */
const shares = { ended: 0.3, suspended: 0.3, waiting: 0.2 };
const running = 20;
const namespaces = 10;

type Sort = keyof typeof shares | "running" | "stuck";

interface Planned {
  readonly sort: Sort;
  readonly namespace: string;
  readonly name: string;
}

const overOf: Readonly<Record<Sort, object>> = {
  running: {},
  ended: { suspend: true },
  suspended: { suspend: true },
  waiting: { destination: { name: "missing" } },
  stuck: { source: { volume: { claimName: "missing" } } },
};

interface Run {
  readonly space: BenchSpace;
  readonly installed: Installation;
  readonly store: ExportStore;
  readonly plan: readonly Planned[];
}

/** The text is Markdown. */
export async function measureScale({ exports, rest }: ScaleOptions): Promise<string> {
  await using space = await openBenchSpace(namespaces);
  const { cluster, image } = space;
  const { api } = cluster;
  const store = kubeExportStore({ api, clock: Date, random: Math.random, onError: () => undefined });
  const plan = planned(exports, space.namespaces);
  await using installed = await install(cluster, { image, watch: space.namespaces });
  await using counter = await countRequests(cluster, installed.namespace);
  const run = { space, installed, store, plan };
  const empty = await memory(installed);
  const making = performance.now();
  await inParallel(plan, (one) => make(store, one));
  await untilSettled(run);
  const made = (performance.now() - making) / 1000;
  const resting = await atRest(run, counter, rest);
  const full = await memory(installed);
  const restart = await restarted(run);
  const rows = [
    [`${exports} Exports made and settled, ${running} of them run`, `${made.toFixed(0)} s`],
    ["memory (RSS) of the leader with none of them", mebibytes(empty.rss)],
    ["… with all of them, at rest", `${mebibytes(full.rss)}, of which heap in use ${mebibytes(full.heap)}`],
    [`requests of two operators within ${rest} s at rest: to Leases`, resting.leases],
    ["… watches that are begun anew", resting.watches],
    ["… lists", resting.lists],
    ["… all others", resting.others],
    ["lines of the operators' logs within that time", `${resting.lines}`],
    [
      "all changed while no operator runs: until every status is as it should be, from the making of its pods",
      seconds(restart.fromPod),
    ],
    ["… and from when one of them leads", seconds(restart.fromLead)],
  ];
  return ["| what | |", "| --- | --- |", ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");
}

function planned(exports: number, spaces: readonly string[]): readonly Planned[] {
  if (exports < 100) throw new BenchError("fewer than 100 exports are not many");
  const [first = ""] = spaces;
  const sorts: Sort[] = Array<Sort>(running).fill("running");
  for (const [sort, share] of Object.entries(shares))
    sorts.push(...Array<Sort>(Math.round(share * exports)).fill(sort as Sort));
  sorts.push(...Array<Sort>(Math.max(0, exports - sorts.length)).fill("stuck"));
  return sorts.map((sort, i) => ({
    sort,
    // Only the first has the claims of those that run.
    namespace: sort === "running" ? first : (spaces[i % spaces.length] ?? first),
    name: `${sort}-${i}`,
  }));
}

async function make(store: ExportStore, { sort, namespace, name }: Planned): Promise<void> {
  const created = await store.create("Export", newExport({ namespace, name }, overOf[sort]), signal);
  if (sort !== "ended") return;
  const status = {
    ...completed(created, someResult, Date.now()),
    location: `pvc://${namespace}/out/${name}`,
  };
  await again(async () => {
    const now = (await store.get("Export", { namespace, name }, signal)) ?? created;
    await store.updateStatus("Export", { ...now, status }, signal);
  });
}

const someResult = {
  manifestDigest: "ab".repeat(32),
  files: 30,
  differences: 0,
  parts: { total: 1, reused: 0 },
  bytes: { source: 60_000, written: 2000, redone: 0 },
  archive: { file: "some.tar.zst", size: 2000 },
};

/** What is right at the end: what the operator has to say of each, and that it has said it of what stands there now. */
function isSettled(sort: Sort, { metadata, status }: Export): boolean {
  const { status: is, reason } = conditionOf(status?.conditions, "Succeeded") ?? {};
  if (status?.observedGeneration !== metadata.generation) return false;
  switch (sort) {
    case "running":
    case "ended":
      return is === "True";
    case "suspended":
      return reason === "Suspended";
    case "waiting":
      return reason === "DestinationMissing";
    case "stuck":
      return reason === "Unschedulable" || reason === "Queued";
  }
}

async function untilSettled({ space, store, plan }: Run): Promise<void> {
  const sorts = new Map(plan.map(({ namespace, name, sort }) => [`${namespace}/${name}`, sort]));
  const latest = performance.now() + patience;
  const firstLeft = async (namespace: string): Promise<Export | undefined> => {
    for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
      const page = await store.list("Export", { namespace, continue: next }, signal);
      for (const one of page.items) {
        const sort = sorts.get(`${namespace}/${one.metadata.name}`);
        if (sort !== undefined && !isSettled(sort, one)) return one;
      }
      next = page.continue;
    }
    return undefined;
  };
  for (const namespace of space.namespaces)
    for (let left = await firstLeft(namespace); left !== undefined; left = await firstLeft(namespace)) {
      if (performance.now() > latest)
        throw new BenchError(`${left.metadata.name} is not settled: ${JSON.stringify(left.status)}`);
      await setTimeout(100);
    }
}

type Rest = Readonly<Record<keyof Counted, string>> & { readonly lines: number };

/** Whatever was begun by the last change has ended a moment later. */
const calm = 20_000;

async function atRest(run: Run, counter: RequestCounter, seconds: number): Promise<Rest> {
  await setTimeout(calm);
  const [before, linesBefore] = [await counter.count(), await logLines(run)];
  await setTimeout(seconds * 1000);
  const [after, linesAfter] = [await counter.count(), await logLines(run)];
  const rate = (sort: keyof Counted): string => {
    const count = after[sort] - before[sort];
    return `${count} (${(count / seconds).toFixed(2)}/s)`;
  };
  return {
    leases: rate("leases"),
    watches: rate("watches"),
    lists: rate("lists"),
    others: rate("others"),
    lines: linesAfter - linesBefore,
  };
}

const logLines = async (run: Run): Promise<number> =>
  (await logs(run)).reduce((sum, text) => sum + text.split("\n").length - 1, 0);

/** Of each operator. */
async function logs({ space, installed }: Run): Promise<readonly string[]> {
  const { namespace, operators } = installed;
  const texts = (await operators()).map(({ metadata: { name } }) =>
    space.cluster.api.podLog({ namespace, name }, { tailLines: 10_000 }, signal),
  );
  return Promise.all(texts);
}

/** Bytes of the operator that leads. */
async function memory({ operators, metrics }: Installation): Promise<{ rss: number; heap: number }> {
  const all = await Promise.all((await operators()).map(metrics));
  const leader = all.find((one) => one.get("longshore_operator_leading") === 1);
  if (leader === undefined) throw new BenchError("no operator leads");
  const value = (name: string): number => leader.get(name) ?? Number.NaN;
  return { rss: value("process_resident_memory_bytes"), heap: value("nodejs_heap_size_used_bytes") };
}

interface Restart {
  /** Milliseconds until all was settled. */
  readonly fromPod: number;
  readonly fromLead: number;
}

async function restarted(run: Run): Promise<Restart> {
  const { installed, store, plan } = run;
  await installed.scale(0);
  await inParallel(plan, ({ namespace, name }) =>
    again(async () => {
      const found = await store.get("Export", { namespace, name }, signal);
      if (found === undefined) throw new BenchError(`${namespace}/${name} is gone`);
      const spec = { ...found.spec, ttlSecondsAfterFinished: 86_400 };
      await store.update("Export", { ...found, spec }, signal);
    }),
  );
  await installed.scale(2);
  await untilSettled(run);
  const settled = Date.now();
  const begun = Math.min(...(await installed.operators()).map(startOf));
  const led = /"time":"([^"]*)","message":"the operator leads"/.exec((await logs(run)).join("\n"))?.[1];
  return { fromPod: settled - begun, fromLead: settled - Date.parse(led ?? "") };
}

/** In whole seconds, as Kubernetes says it. */
const startOf = ({ metadata }: { readonly metadata: { readonly creationTimestamp?: string } }): number =>
  Date.parse(metadata.creationTimestamp ?? "");

/** Until nobody was faster. */
async function again(write: () => Promise<void>): Promise<void> {
  for (let left = 20; ; left--) {
    try {
      return await write();
    } catch (error) {
      const isOutrun = error instanceof Error && "code" in error && error.code === "Conflict";
      if (!isOutrun || left === 0) throw error;
    }
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items].reverse();
  const worker = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: writers }, worker));
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
