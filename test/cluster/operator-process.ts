/** `longshore operator` as a process of this machine, for the namespaces of one test alone. */
import type { TestCluster } from "./cluster.ts";
import { longshoreProgram, type Running, start } from "../fixtures/run.ts";

export interface OperatorOptions {
  readonly image: string;
  /** Of its Lease, and whose exports it looks after. */
  readonly namespace: string;
}

export interface TestOperator extends AsyncDisposable {
  readonly process: Running;
}

export function startOperator(
  { kubeconfig }: TestCluster,
  { image, namespace }: OperatorOptions,
): TestOperator {
  const process = start(
    longshoreProgram,
    [
      "operator",
      `--kubeconfig=${kubeconfig}`,
      `--image=${image}`,
      `--namespace=${namespace}`,
      `--watch=${namespace}`,
      "--listen=127.0.0.1:0",
    ],
    { timeoutMs: 1_200_000 },
  );
  return {
    process,
    [Symbol.asyncDispose]: async () => {
      process.signal("SIGTERM");
      await process.done;
    },
  };
}
