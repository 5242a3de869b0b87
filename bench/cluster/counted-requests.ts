/**
 * Requests of the operator's account, counted by the API server itself: its measurements do not name users, but they count
 * what each FlowSchema lets through, and one can be made for an account alone.
 */
import type { KubeObject, KubeResource } from "../../src/cluster/kube-api.ts";
import { operatorName } from "../../src/cluster/manifests/install-options.ts";
import type { TestCluster } from "../../test/cluster/cluster.ts";
import { kubectl } from "../../test/cluster/kubectl.ts";
import { expectExit } from "../../test/fixtures/run.ts";
import { parseMetrics } from "./installation.ts";

/** What is counted: the first that fits. */
const rules = {
  leases: { verbs: ["*"], resources: ["leases"] },
  watches: { verbs: ["watch"], resources: ["*"] },
  lists: { verbs: ["list"], resources: ["*"] },
  others: { verbs: ["*"], resources: ["*"] },
} as const;
const sorts = ["leases", "watches", "lists", "others"] as const;

export type Counted = Readonly<Record<keyof typeof rules, number>>;

export interface RequestCounter extends AsyncDisposable {
  /** So far. */
  count(): Promise<Counted>;
}

const flowSchemas: KubeResource = {
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  plural: "flowschemas",
  kind: "FlowSchema",
  namespaced: false,
};
const { signal } = new AbortController();
const everywhere = { apiGroups: ["*"], namespaces: ["*"], clusterScope: true };

/** Counts from now on. The FlowSchemas go when it is disposed. */
export async function countRequests(cluster: TestCluster, namespace: string): Promise<RequestCounter> {
  const { api } = cluster;
  const name = `longshore-bench-${process.pid}`;
  for (const [i, sort] of sorts.entries()) {
    const schema = { name: `${name}-${sort}`, precedence: 100 + i, namespace, ...rules[sort] };
    await api.create(flowSchemas, flowSchema(schema), {}, signal);
  }
  return {
    count: async () => {
      const text = expectExit(await kubectl(cluster, ["get", "--raw", "/metrics"]), 0).stdout.toString();
      const samples = parseMetrics(text);
      const of = (sort: keyof Counted): number =>
        [...samples]
          .filter(([sample]) => sample.startsWith("apiserver_flowcontrol_dispatched_requests_total{"))
          .filter(([sample]) => sample.includes(`flow_schema="${name}-${sort}"`))
          .reduce((sum, [, value]) => sum + value, 0);
      return { leases: of("leases"), watches: of("watches"), lists: of("lists"), others: of("others") };
    },
    [Symbol.asyncDispose]: async () => {
      for (const sort of sorts) await api.delete(flowSchemas, { name: `${name}-${sort}` }, {}, signal);
    },
  };
}

interface Schema {
  readonly name: string;
  readonly precedence: number;
  readonly namespace: string;
  readonly verbs: readonly string[];
  readonly resources: readonly string[];
}

function flowSchema({ name, precedence, namespace, verbs, resources }: Schema): KubeObject {
  const account = { name: operatorName, namespace };
  const spec = {
    matchingPrecedence: precedence,
    priorityLevelConfiguration: { name: "workload-high" },
    distinguisherMethod: { type: "ByUser" },
    rules: [
      {
        subjects: [{ kind: "ServiceAccount", serviceAccount: account }],
        resourceRules: [{ ...everywhere, verbs, resources }],
      },
    ],
  };
  const document = {
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "FlowSchema",
    metadata: { name },
    spec,
  };
  return document as KubeObject;
}
