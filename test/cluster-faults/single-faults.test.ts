/** One part of a cluster is killed in the middle of an export, each alone: the export ends right, and little is done again. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { noNode } from "../cluster/image.ts";
import { noKubectl } from "../cluster/kubectl.ts";
import { missingSwift } from "../servers/swift.ts";
import { type Arena, type Begun, type Kind, openArena, row } from "./arena.ts";
import { evict, killWorker, removeByForce } from "./kills.ts";
import type { Operators } from "./operators.ts";
import { bringBack, controlPlane, killProgram, noVictim, type Program } from "./victim.ts";

const skip = noVictim || noNode || noKubectl || missingSwift();

/** What is done to an export that has begun; how often, and how many of its pods that hit at the most. */
type Attack = (target: Target) => Promise<{ readonly times: number; readonly podsHit: number }>;

interface Target {
  readonly arena: Arena;
  readonly begun: Begun;
  readonly operators: Operators;
}

const shares = [0.2, 0.45, 0.7];

/** The same three times, each when more of the export is safe. */
const each =
  (podsHit: number, attack: (target: Target, share: number) => Promise<void>): Attack =>
  async (target) => {
    for (const share of shares) await attack(target, share);
    return { times: shares.length, podsHit: podsHit * shares.length };
  };

const programs =
  (...killed: readonly Program[]): Attack =>
  (target) =>
    each(0, async ({ arena, begun }, share) => {
      await arena.middle(begun, share);
      for (const program of killed) await killProgram(program);
      await bringBack(killed.includes("kubelet") ? "full" : "control-plane");
    })(target);

/** No word of the node until the operator has given its workers up; whether those die with it, or go on unseen. */
const lostNode =
  (workersDie: boolean): Attack =>
  async ({ arena, begun }) => {
    const lost = await arena.middle(begun, 0.4);
    await killProgram("kubelet");
    if (workersDie) for (const pod of lost) await killWorker(pod);
    await evict(arena.api, lost);
    const isGivenUp = (): boolean => arena.work.everOf(begun.uid).some((task) => / 1\.\d+$/.test(task));
    await arena.work.until("its worker is given up", isGivenUp);
    await bringBack("full");
    return { times: 1, podsHit: lost.length };
  };

const attacks: Readonly<Record<string, Attack>> = {
  "a worker, by SIGKILL": each(1, async ({ arena, begun }, share) => {
    const [pod] = await arena.middle(begun, share);
    await killWorker(pod ?? assert.fail());
  }),
  "a worker's pod, by `kubectl delete --force`": each(1, async ({ arena, begun }, share) => {
    const [pod] = await arena.middle(begun, share);
    await removeByForce(arena.cluster, pod ?? assert.fail());
  }),
  "the kubelet, and started again": programs("kubelet"),
  "the node, its workers going on unseen": lostNode(false),
  "the node with its workers": lostNode(true),
  "the only operator, and another started": each(0, async ({ arena, begun, operators }, share) => {
    await arena.middle(begun, share);
    await operators.kill("any");
    await operators.start();
  }),
  "the leader of two operators": async ({ arena, begun, operators }) => {
    await operators.start();
    await arena.middle(begun, 0.4);
    await operators.kill("leader");
    await operators.led();
    return { times: 1, podsHit: 0 };
  },
  "the API server": programs("kube-apiserver"),
  etcd: programs("etcd"),
  "the controller manager and the scheduler": programs("kube-controller-manager", "kube-scheduler"),
  "the whole control plane": programs(...controlPlane),
};
const besideClaims: readonly string[] = [
  "a worker, by SIGKILL",
  "the node with its workers",
  "the API server",
];

describe("killed in the middle of an export", { skip, timeout: 7_200_000 }, () => {
  let arena: Arena;
  before(async () => {
    arena = await openArena("b-single");
  });
  after(() => arena?.[Symbol.asyncDispose]());

  for (const [what, attack] of Object.entries(attacks)) {
    const kinds: Kind[] = ["Sequential", "Indexed"];
    if (besideClaims.includes(what)) kinds.push("Indexed to S3");
    for (const kind of kinds) test(`${what}: ${kind}`, (t) => survives(t, what, kind, attack));
  }

  async function survives(t: TestContext, what: string, kind: Kind, attack: Attack): Promise<void> {
    const operators = arena.operators();
    try {
      await operators.start();
      const begun = await arena.begin(kind);
      const { times, podsHit } = await attack({ arena, begun, operators });
      const ended = await arena.expectRight(begun, () => podsHit);
      t.diagnostic(row(what, begun, times, { ...ended, calm: arena.undisturbed(kind).seconds }));
      await arena.expectGone(begun);
      await operators[Symbol.asyncDispose]();
    } catch (error) {
      await bringBack();
      await operators[Symbol.asyncDispose]();
      for (const said of operators.said()) t.diagnostic(said);
      throw error;
    }
  }
});
