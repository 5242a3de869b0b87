/** The operator as `longshore install` installs it, for the namespaces of a measurement alone. */
import { setTimeout } from "node:timers/promises";
import { parseAllDocuments, stringify } from "yaml";
import { type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { operatorLabels, operatorName } from "../../src/cluster/manifests/install-options.ts";
import type { TestCluster } from "../../test/cluster/cluster.ts";
import { deployments } from "../../test/cluster/core-kinds.ts";
import { kubectl } from "../../test/cluster/kubectl.ts";
import { expectExit, longshore } from "../../test/fixtures/run.ts";
import { BenchError } from "../bench-error.ts";

export interface Installation extends AsyncDisposable {
  readonly namespace: string;
  /** The program's flags, as they stand in the Deployment. */
  readonly args: readonly string[];
  /** Resolves when so many operators are ready, and of none of those before is left. */
  scale(replicas: number): Promise<void>;
  readonly operators: () => Promise<readonly Pod[]>;
  /** Of an operator: its measurements by name, those without labels. */
  readonly metrics: (pod: Pod) => Promise<ReadonlyMap<string, number>>;
}

export interface InstallationOptions {
  readonly image: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Whose exports it looks after; others on the same cluster are left alone. */
  readonly watch: readonly string[];
}

interface Deployment extends KubeObject {
  readonly spec: { readonly template: { readonly spec: { readonly containers: { args: string[] }[] } } };
}

const namespace = "longshore-system";
const key = { namespace, name: operatorName };
const { signal } = new AbortController();

/** Throws BenchError where an operator is installed already. Disposing it removes the Deployment and leaves the rest. */
export async function install(
  cluster: TestCluster,
  { image, settings = {}, watch }: InstallationOptions,
): Promise<Installation> {
  const { api } = cluster;
  if ((await api.get(deployments, key, signal)) !== undefined)
    throw new BenchError(
      `an operator is installed already: delete the Deployment ${namespace}/${operatorName}`,
    );
  const chosen = Object.entries({ image, ...settings }).flatMap(([name, value]) => [
    "--set",
    `${name}=${value}`,
  ]);
  const printed = expectExit(await longshore(["install", ...chosen]), 0).stdout.toString();
  const manifests = parseAllDocuments(printed).map((one) => one.toJS() as Deployment);
  const args: string[] = [];
  for (const { kind, spec } of manifests)
    if (kind === "Deployment") {
      const [container] = spec.template.spec.containers;
      container?.args.push(...watch.map((name) => `--watch=${name}`));
      args.push(...(container?.args ?? []));
    }
  const text = manifests.map((one) => stringify(one)).join("---\n");
  const apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=longshore", "-f", "-"];
  expectExit(await kubectl(cluster, apply, text), 0);
  const operators = async (): Promise<readonly Pod[]> => {
    const labelSelector = Object.entries(operatorLabels).map((pair) => pair.join("="));
    return (await api.list<Pod>(pods, { namespace, labelSelector: labelSelector.join() }, signal)).items;
  };
  const rolledOut = async (): Promise<void> => {
    const wait = ["rollout", "status", `deployment/${operatorName}`, "-n", namespace, "--timeout=180s"];
    expectExit(await kubectl(cluster, wait), 0);
  };
  try {
    await rolledOut();
  } catch (error) {
    await api.delete(deployments, key, {}, signal);
    throw error;
  }
  return {
    namespace,
    args,
    operators,
    scale: async (replicas) => {
      await api.patch(deployments, key, { spec: { replicas } }, {}, signal);
      await rolledOut();
      while ((await operators()).length !== replicas) await setTimeout(100);
    },
    metrics: async ({ metadata }) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}:8080/proxy/metrics`;
      return parseMetrics((await kubectl(cluster, ["get", "--raw", path])).stdout.toString());
    },
    [Symbol.asyncDispose]: async () => {
      await api.delete(deployments, key, {}, signal);
      while ((await operators()).length > 0) await setTimeout(100);
    },
  };
}

/** Samples of the Prometheus text format by their name with its labels. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const samples = text.split("\n").flatMap((line) => {
    const [, name, value] = /^([a-z_]\w*(?:\{.*\})?) (\S+)$/i.exec(line) ?? [];
    return name === undefined ? [] : [[name, Number(value)] as const];
  });
  return new Map(samples);
}
