/** kubectl against the test cluster, as a person or a script runs it. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { missingProgram, type Result, run } from "../fixtures/run.ts";
import { noCluster, type TestCluster, testbed } from "./cluster.ts";

const testbedPrograms = join(testbed, "bin");

/** Why there is no cluster, or nothing to speak with it, in one line; false where there are both. */
export const noKubectl: string | false =
  noCluster || (existsSync(join(testbedPrograms, "kubectl")) ? false : missingProgram("kubectl"));

/** What kubectl remembers of a cluster's kinds may be of another day. */
const cache = mkdtempSync(join(tmpdir(), "longshore-test-kubectl-"));
process.on("exit", () => rmSync(cache, { recursive: true, force: true }));

/** Where programs that the test starts find the cluster and kubectl. */
export const kubectlEnvironment = ({ kubeconfig }: TestCluster): Record<string, string> => ({
  KUBECONFIG: kubeconfig,
  KUBECACHEDIR: cache,
  PATH: [process.env["PATH"] ?? "", testbedPrograms].join(delimiter),
});

export function kubectl(cluster: TestCluster, args: readonly string[], input = ""): Promise<Result> {
  return run("kubectl", [...args], { env: kubectlEnvironment(cluster), input });
}
