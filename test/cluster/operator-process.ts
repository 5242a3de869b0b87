/** `longshore operator` as a process of this machine, for the namespaces of one test alone. */
import type { TestCluster } from "./cluster.ts";
import { longshoreProgram, type Running, start } from "../fixtures/run.ts";

export interface OperatorOptions {
  readonly image: string;
  /** Of its Lease, and whose exports it looks after. */
  readonly namespace: string;
  /** Of its measurements; a free port of this machine where nothing is said. */
  readonly listen?: string;
  /** Where workers report; nowhere where nothing is said. */
  readonly reportListen?: string;
  /** More than any test has, where nothing is said. */
  readonly maxRunning?: number;
  readonly maxRunningPerNamespace?: number;
}

export interface TestOperator extends AsyncDisposable {
  readonly process: Running;
}

export function startOperator(
  { kubeconfig }: TestCluster,
  { image, namespace, listen = "127.0.0.1:0", reportListen, ...limits }: OperatorOptions,
): TestOperator {
  const { maxRunning = 100, maxRunningPerNamespace = 100 } = limits;
  const process = start(
    longshoreProgram,
    [
      "operator",
      `--kubeconfig=${kubeconfig}`,
      `--image=${image}`,
      `--namespace=${namespace}`,
      `--watch=${namespace}`,
      `--listen=${listen}`,
      `--max-running=${maxRunning}`,
      `--max-running-per-namespace=${maxRunningPerNamespace}`,
      ...(reportListen === undefined ? [] : [`--report-listen=${reportListen}`]),
    ],
    { timeoutMs: 3_600_000 },
  );
  return {
    process,
    [Symbol.asyncDispose]: async () => {
      process.signal("SIGTERM");
      await process.done;
    },
  };
}
