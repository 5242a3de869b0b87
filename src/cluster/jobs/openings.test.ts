import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { describe, test } from "node:test";
import type { KubeApi, KubeEvent, KubeObject, KubeQuery, KubeResource } from "../kube-api.ts";
import { createOpenings } from "./openings.ts";

interface Watched {
  readonly what: string;
  readonly isOpen: () => boolean;
  readonly tell: (event: KubeEvent<KubeObject>) => void;
}

/** An API server with one object of each kind, whose changes a test tells. */
function server() {
  const watches: Watched[] = [];
  const told = ({ plural }: KubeResource, { namespace, labelSelector, fieldSelector }: KubeQuery): string =>
    [plural, namespace, labelSelector ?? fieldSelector].filter((part) => part !== undefined).join(" ");
  async function* watch(what: string, signal: AbortSignal) {
    const events: KubeEvent<KubeObject>[] = [];
    let wake = (): void => undefined;
    let isOpen = true;
    watches.push({
      what,
      isOpen: () => isOpen,
      tell: (event) => {
        events.push(event);
        wake();
      },
    });
    signal.addEventListener("abort", () => wake());
    while (!signal.aborted) {
      const event = events.shift();
      if (event !== undefined) yield event;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    isOpen = false;
  }
  const api = {
    list: async () => ({ items: [object("0")], resourceVersion: "0" }),
    watch: (resource: KubeResource, query: KubeQuery, signal: AbortSignal) =>
      watch(told(resource, query), signal),
  };
  return { api: api as unknown as KubeApi, watches };
}

const object = (resourceVersion: string, status: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "X",
    metadata: { name: "x", namespace: "team", resourceVersion },
    status,
  }) as KubeObject;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

function desk() {
  const { api, watches } = server();
  const over = new AbortController();
  const onError = (error: unknown): void => assert.fail(String(error));
  const openings = createOpenings({ api, clock: Date, random: () => 1, onError }, over.signal);
  const count = { wakes: 0 };
  const wake = (): void => void count.wakes++;
  const watchOf = (what: string): Watched =>
    watches.find((one) => one.what.startsWith(what)) ?? assert.fail(what);
  return { openings, watches, watchOf, over, count, wake };
}

describe("openings of a namespace", () => {
  test("are told when they are known, and whenever a quota, a limit or the namespace changes", async () => {
    const { openings, watches, watchOf, count, wake } = desk();
    const leave = openings.follow("team", "rules", wake);
    await until(() => watches.length === 3 && count.wakes === 3);
    assert.deepEqual(watches.map(({ what }) => what).toSorted(), [
      "limitranges team",
      "namespaces metadata.name=team",
      "resourcequotas team",
    ]);
    watchOf("resourcequotas").tell({ type: "MODIFIED", object: object("1") });
    await until(() => count.wakes === 4);
    watchOf("limitranges").tell({ type: "DELETED", object: object("2") });
    await until(() => count.wakes === 5);
    leave();
    await until(() => watches.every(({ isOpen }) => !isOpen()));
  });

  test("are watched once for all who wait in it, until the last one leaves", async () => {
    const { openings, watches, watchOf, count, wake } = desk();
    const leaves = [openings.follow("team", "rules", wake), openings.follow("team", "rules", wake)];
    await until(() => watches.length === 3 && count.wakes === 6);
    leaves[0]?.();
    watchOf("namespaces").tell({ type: "MODIFIED", object: object("1") });
    await until(() => count.wakes === 7);
    assert.ok(watches.every(({ isOpen }) => isOpen()));
    leaves[1]?.();
    await until(() => watches.every(({ isOpen }) => !isOpen()));
    openings.follow("team", "rules", wake);
    await until(() => watches.length === 6);
  });

  test("for a claim in use are the ends of pods, and nothing else of them", async () => {
    const { openings, watches, watchOf, over, count, wake } = desk();
    openings.follow("team", "pods", wake);
    await until(() => watches.length === 1 && count.wakes === 1);
    assert.equal(watches[0]?.what, "pods team");
    const { tell } = watchOf("pods");
    tell({ type: "MODIFIED", object: object("1", { phase: "Running" }) });
    tell({ type: "MODIFIED", object: object("2", { phase: "Succeeded" }) });
    await until(() => count.wakes === 2);
    tell({ type: "DELETED", object: object("3", { phase: "Succeeded" }) });
    await until(() => count.wakes === 3);
    over.abort(new Error("enough"));
    await until(() => watches.every(({ isOpen }) => !isOpen()));
  });

  test("for a claim that is not there are all changes of claims", async () => {
    const { openings, watches, watchOf, count, wake } = desk();
    openings.follow("team", "claims", wake);
    await until(() => watches.length === 1 && count.wakes === 1);
    watchOf("persistentvolumeclaims team").tell({ type: "ADDED", object: object("1") });
    await until(() => count.wakes === 2);
  });
});
