/** What `longshore install` installs in the test cluster: all of it but the operator itself, which a test starts as it needs. */
import assert from "node:assert/strict";
import type { InstallOptions } from "../../src/cluster/manifests/install-options.ts";
import { parseInstallOptions } from "../../src/cluster/manifests/parse-install-options.ts";
import { installManifests } from "../../src/cluster/manifests/install.ts";
import { toYaml } from "../../src/cluster/manifests/to-yaml.ts";
import { expectExit } from "../fixtures/run.ts";
import type { TestCluster } from "./cluster.ts";
import { kubectl } from "./kubectl.ts";

export const systemOptions: InstallOptions = parseInstallOptions({ image: "longshore:dev" }, "0.0.0");

/** Resolves when the policies are in force. Installing the same again changes nothing. */
export async function installSystem(cluster: TestCluster): Promise<void> {
  const manifests = installManifests(systemOptions).filter(({ kind }) => kind !== "Deployment");
  const args = ["apply", "--server-side", "--force-conflicts", "--field-manager=longshore", "-f", "-"];
  expectExit(await kubectl(cluster, args, toYaml(manifests)), 0);
  await policiesInForce(cluster);
}

/** API servers take up a policy some time after it was made; what it refuses shows when. */
async function policiesInForce(cluster: TestCluster): Promise<void> {
  const user = `system:serviceaccount:${systemOptions.namespace}:longshore-operator`;
  const probes = [
    { apiVersion: "batch/v1", kind: "Job", metadata: { name: "probe" }, spec: { template: probeTemplate } },
    {
      apiVersion: "longshore.dev/v1alpha1",
      kind: "DownloadGrant",
      metadata: { name: "probe", annotations: { "longshore.dev/requested-by": "probe" } },
      spec: { exportRef: { name: "probe" } },
    },
  ];
  const asWhom = [["--as", user], []];
  const deadline = performance.now() + 60_000;
  for (const [i, probe] of probes.entries())
    for (;;) {
      const args = ["create", "-n", "default", "--dry-run=server", ...(asWhom[i] ?? []), "-f", "-"];
      const { stderr } = await kubectl(cluster, args, JSON.stringify(probe));
      if (stderr.includes("ValidatingAdmissionPolicy")) break;
      assert.ok(performance.now() < deadline, `the policies did not come into force: ${stderr}`);
    }
}

const probeTemplate = { spec: { restartPolicy: "Never", containers: [{ name: "x", image: "probe" }] } };
