/** Kills chosen by chance, one or two at a time, and what they may have hit. */
import type { Pod } from "../../src/cluster/jobs/objects.ts";
import { labels } from "../../src/cluster/jobs/worker-labels.ts";
import { pause } from "../../src/cluster/client/pause.ts";
import type { Arena, Begun } from "./arena.ts";
import { evict, killWorker, removeByForce } from "./kills.ts";
import type { Operators } from "./operators.ts";
import { bringBack, controlPlane, killProgram, type Program } from "./victim.ts";

export interface Attacks {
  /** Resolves when what it killed is there again. */
  next(): Promise<void>;
  /** How often pods of the export were killed at the most. */
  podsHit(exportUid: string): number;
  counts(): ReadonlyMap<string, number>;
}

export interface Battlefield {
  readonly arena: Arena;
  readonly operators: Operators;
  /** Exports that have begun and not ended. */
  readonly going: ReadonlySet<Begun>;
  /** From 0 to 1. */
  readonly random: () => number;
}

const { signal } = new AbortController();
/** Milliseconds that a program of the cluster stays away at the most; for longer, and its node would be held for lost. */
const longestAway = 12_000;
/** How often a worker is killed while something else is away. */
const together = 0.4;

export function createAttacks({ arena, operators, going, random }: Battlefield): Attacks {
  const counts = new Map<string, number>();
  const hits = new Map<string, number>();
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const wait = (most: number): Promise<void> => pause(random() * most, signal);

  /** How likely each is beside the others. */
  const attacks: readonly (readonly [weight: number, what: string, attack: () => Promise<unknown>])[] = [
    [5, "a worker, by SIGKILL", () => hitWorker(killWorker)],
    [
      4,
      "a worker's pod, by `kubectl delete --force`",
      () => hitWorker((pod) => removeByForce(arena.cluster, pod)),
    ],
    [2, "an operator", () => hitOperator("any")],
    [2, "the leading operator", () => hitOperator("leader")],
    [2, "the kubelet", () => hitPrograms("kubelet")],
    [2, "the API server", () => hitPrograms("kube-apiserver")],
    [2, "etcd", () => hitPrograms("etcd")],
    [1, "the controller manager", () => hitPrograms("kube-controller-manager")],
    [1, "the scheduler", () => hitPrograms("kube-scheduler")],
    [1, "the whole control plane", () => hitPrograms(...controlPlane)],
    [0.5, "the node, until its workers were given up", hitNode],
  ];
  const totalWeight = attacks.reduce((sum, [weight]) => sum + weight, 0);
  return {
    next: async () => {
      let left = random() * totalWeight;
      for (const [weight, what, attack] of attacks) {
        left -= weight;
        if (left > 0) continue;
        count(what);
        await attack();
        return;
      }
    },
    podsHit: (uid) => hits.get(uid) ?? 0,
    counts: () => counts,
  };

  function count(what: string): void {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }

  /** Those that can be at work now. */
  function workers(): readonly Pod[] {
    const running = [...going].flatMap(({ uid }) => arena.work.workersOf(uid));
    return running.filter(({ metadata }) => metadata.labels?.[labels.stage] !== "cleanup");
  }

  function noteHit(pod: Pod): string {
    const uid = exportUidOf(pod);
    hits.set(uid, (hits.get(uid) ?? 0) + 1);
    return uid;
  }

  async function hitWorker(hit: (pod: Pod) => Promise<unknown>): Promise<void> {
    const pod = pick(workers());
    if (pod === undefined) return;
    noteHit(pod);
    await hit(pod);
  }

  async function hitOperator(which: "leader" | "any"): Promise<void> {
    await operators.kill(which, random);
    await wait(5000);
    await operators.start();
  }

  async function hitPrograms(...programs: readonly Program[]): Promise<void> {
    for (const program of programs) await killProgram(program);
    if (random() < together) {
      count("a worker, by SIGKILL");
      await hitWorker(killWorker);
    }
    await wait(longestAway);
    await bringBack();
  }

  /** Half of the time its workers go on unseen. */
  async function hitNode(): Promise<void> {
    const lost = workers();
    const [first] = lost.map(noteHit);
    if (first === undefined) return;
    await killProgram("kubelet");
    if (random() < 0.5) for (const pod of lost) await killWorker(pod);
    await evict(arena.api, lost);
    const before = arena.work.everOf(first).length;
    const isOver = (): boolean => ![...going].some(({ uid }) => uid === first);
    const isGivenUp = (): boolean => isOver() || arena.work.everOf(first).length > before;
    await arena.work.until("its worker is given up", isGivenUp);
    await bringBack();
  }
}

const exportUidOf = ({ metadata }: Pod): string => metadata.labels?.[labels.exportUid] ?? "";
