/** Electors as processes against a real API server: one leads, and when it is killed another does, never both. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { until } from "../fixtures/run.ts";
import { noCluster, openTestCluster, type TestCluster } from "./cluster.ts";

interface Elector extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly terms: { from: number; to?: number }[];
  readonly said: string[];
}

test(
  "a killed leader is followed when its Lease has run out, one that ends at once",
  { skip: noCluster },
  async () => {
    await using cluster = await openTestCluster();
    await using namespace = await cluster.namespace("a-election");
    await using stack = new AsyncDisposableStack();
    const start = (identity: string): Elector => stack.use(startElector(cluster, namespace.name, identity));
    const electors = [start("one"), start("two")];
    await until("one leads", () => electors.some(isLeading), 60_000);
    const first = electors.find(isLeading);
    const second = electors.find((one) => one !== first);
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(isLeading(second), false);

    const renewedBefore = await renewTime(cluster, namespace.name);
    first.process.kill("SIGKILL");
    await once(first.process, "close");
    const killed = Date.now();
    (first.terms.at(-1) ?? { from: 0 }).to = killed;
    await until("the other leads", () => isLeading(second), 90_000);
    assert.ok((second.terms[0]?.from ?? 0) >= renewedBefore + 15_000, "not before the Lease had run out");

    const third = start("three");
    second.process.kill("SIGTERM");
    const [code] = (await once(second.process, "close")) as [number | null];
    assert.equal(code, 0, second.said.join(""));
    await until("the third leads", () => isLeading(third), 60_000);
    third.process.kill("SIGTERM");
    await once(third.process, "close");

    const terms = [first, second, third].flatMap((one) => one.terms).toSorted((a, b) => a.from - b.from);
    assert.equal(terms.length, 3);
    for (const [index, { from }] of terms.entries())
      assert.ok(
        index === 0 || (terms[index - 1]?.to ?? Infinity) <= from,
        `term ${index}: ${JSON.stringify(terms)}`,
      );
  },
);

const isLeading = ({ terms }: Elector): boolean => terms.length > 0 && terms.at(-1)?.to === undefined;

function startElector({ kubeconfig }: TestCluster, namespace: string, identity: string): Elector {
  const program = join(import.meta.dirname, "elector-program.ts");
  const child = spawn(process.execPath, [program, kubeconfig, namespace, identity], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const terms: Elector["terms"] = [];
  const said: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { what, at } = JSON.parse(line) as { what: string; at: number };
    const last = terms.at(-1);
    if (what === "leads") terms.push({ from: at });
    else if (last !== undefined) last.to = at;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
  return {
    process: child,
    terms,
    said,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

async function renewTime({ api }: TestCluster, namespace: string): Promise<number> {
  const leases = {
    group: "coordination.k8s.io",
    version: "v1",
    plural: "leases",
    kind: "Lease",
    namespaced: true,
  };
  const lease = await api.get<KubeObject & { readonly spec?: { readonly renewTime?: string } }>(
    leases,
    { namespace, name: "operator" },
    new AbortController().signal,
  );
  return Date.parse(lease?.spec?.renewTime ?? "");
}
