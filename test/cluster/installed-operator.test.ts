/** The operator as it is installed: with its own account and policies, behind its Service, two of it, one that is killed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Pod, pods } from "../../src/cluster/jobs/objects.ts";
import { leases } from "../../src/cluster/client/lease.ts";
import type { KubeObject } from "../../src/cluster/kube-api.ts";
import { operatorDeployment } from "../../src/cluster/manifests/operator-deployment.ts";
import { operatorLabels, operatorName } from "../../src/cluster/manifests/install-options.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { expectExit } from "../fixtures/run.ts";
import { openTestCluster, type TestCluster, type TestNamespace } from "./cluster.ts";
import { deployments } from "./core-kinds.ts";
import { fill, noExports } from "./export-namespace.ts";
import { exportBecomes, exports as exportKind, statusOf } from "./exports.ts";
import { imageAlias, testImage } from "./image.ts";
import { kubectl } from "./kubectl.ts";
import { slowExport } from "./slow-export.ts";
import { installSystem, systemOptions } from "./system.ts";
import { type TestVolumes, testVolumes } from "./volumes.ts";

const { signal } = new AbortController();
const { namespace } = systemOptions;
const ours = Object.entries(operatorLabels)
  .map((pair) => pair.join("="))
  .join();

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string };
}

describe("an installed operator", { skip: noExports, timeout: 600_000 }, () => {
  let cluster: TestCluster;
  let space: TestNamespace;
  let volumes: TestVolumes;
  let installed: AsyncDisposable;
  before(async () => {
    cluster = await openTestCluster();
    // The policies let run the image of this name alone.
    const alias = await imageAlias(await testImage(), systemOptions.image);
    await installSystem(cluster);
    space = await cluster.namespace("a-installed", { "pod-security.kubernetes.io/enforce": "restricted" });
    volumes = testVolumes(cluster, space.name);
    fill(join(await volumes.add("source"), "data"), 300, 200_000);
    await volumes.add("out");
    await cluster.api.create(deployments, deploymentFor(space.name), {}, signal);
    installed = {
      [Symbol.asyncDispose]: async () => {
        const key = { namespace, name: operatorName };
        await cluster.api.delete(deployments, key, { propagationPolicy: "Foreground" }, signal);
        await alias[Symbol.asyncDispose]();
      },
    };
    const rollout = ["rollout", "status", `deployment/${operatorName}`, "-n", namespace, "--timeout=120s"];
    expectExit(await kubectl(cluster, rollout), 0);
  });
  after(async () => {
    await space?.[Symbol.asyncDispose]();
    await installed?.[Symbol.asyncDispose]();
    await volumes?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  /** For one namespace alone: other tests run operators of their own. */
  function deploymentFor(watched: string): KubeObject {
    const manifest = operatorDeployment(systemOptions);
    const { spec } = manifest as unknown as {
      spec: { template: { spec: { containers: [{ args: string[] }] } } };
    };
    spec.template.spec.containers[0].args.push(`--watch=${watched}`);
    return manifest;
  }

  const operators = async (): Promise<readonly Pod[]> =>
    (await cluster.api.list<Pod>(pods, { namespace, labelSelector: ours }, signal)).items;
  const becomes = (name: string, isWanted: (found: Export | undefined) => boolean) =>
    exportBecomes(cluster.api, { namespace: space.name, name }, isWanted);
  const holder = async (): Promise<string> =>
    (await cluster.api.get<Lease>(leases, { namespace, name: operatorName }, signal))?.spec.holderIdentity ??
    "";

  test("hears of its workers, also when another has to lead, and needs no more rights than it has", async () => {
    const metadata = { name: "reports", namespace: space.name };
    const resources = { requests: { cpu: "50m" }, limits: { cpu: "150m", memory: "1Gi" } };
    const document = {
      apiVersion: "longshore.dev/v1alpha1",
      kind: "Export",
      metadata,
      spec: slowExport({ resources }),
    };
    await cluster.api.create<KubeObject>(exportKind, document, {}, signal);
    const first = await becomes("reports", (now) => (now?.status?.parts?.succeeded ?? 0) > 0);
    const before = first?.status?.parts?.succeeded ?? assert.fail();
    const both = await operators();
    assert.equal(both.length, 2);
    const held = await holder();
    const killed = both.find(({ metadata: { name } }) => held.startsWith(name)) ?? assert.fail(held);
    await cluster.api.delete(pods, killed.metadata, { gracePeriodSeconds: 0 }, signal);
    const later = await becomes("reports", (now) => (now?.status?.parts?.succeeded ?? 0) > before);
    assert.equal(statusOf(later), "Unknown", "it was heard of before its end");
    assert.notEqual(await holder(), held, "by another");
    const end = await becomes("reports", (now) => now !== undefined && statusOf(now) !== "Unknown");
    assert.equal(statusOf(end), "True", JSON.stringify(end?.status));
    const listed = ["get", "events", "-n", space.name, "-o", "jsonpath={.items[*].reason}"];
    const { stdout } = expectExit(await kubectl(cluster, listed), 0);
    for (const reason of ["Planning", "Packing"])
      assert.ok(stdout.toString().includes(reason), stdout.toString());
    for (const { metadata: pod } of await operators()) {
      const said = await cluster.api.podLog({ namespace, name: pod.name }, { tailLines: 1000 }, signal);
      assert.doesNotMatch(said, /Forbidden/, said);
    }
  });
});
