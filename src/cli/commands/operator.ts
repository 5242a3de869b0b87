/** `longshore operator`: looks after the exports of a cluster; its Deployment runs it. */
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { type ListenAddress, parseListenAddress } from "../serve-options.ts";

export interface OperatorOptions {
  /** Of the workers. */
  readonly image: string;
  readonly imagePullPolicy: string;
  /** Where health and measurements are answered. */
  readonly listen: ListenAddress;
  /** Of the Lease by which one of several leads. */
  readonly namespace: string | undefined;
  /** Namespaces whose exports it looks after; all where there are none. */
  readonly watch: readonly string[];
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

export interface OperatorHost {
  /** Runs until the context's signal ends it. */
  readonly operate: (options: OperatorOptions) => Promise<void>;
}

export function operatorCommand(host: OperatorHost): Command {
  const command = new Command("operator")
    .description("look after the exports of a cluster; `longshore install` prints its Deployment")
    .requiredOption("--image <REF>", "image of the workers")
    .addOption(
      new Option("--image-pull-policy <POLICY>", "of the workers")
        .choices(["IfNotPresent", "Always", "Never"])
        .default("IfNotPresent"),
    )
    .addOption(
      new Option("--listen <ADDRESS:PORT>", "where /livez, /readyz and /metrics are answered")
        .argParser(listen)
        .default({ host: "127.0.0.1", port: 8080 }, "127.0.0.1:8080"),
    )
    .option("--namespace <NAME>", "where the Lease lies by which one operator leads (default: its own)")
    .option(
      "--watch <NAMESPACE>",
      "look after the exports of this namespace (repeatable; default: of all)",
      (name: string, before: string[] | undefined) => [...(before ?? []), name],
    )
    .option("--kubeconfig <FILE>", "how the cluster is reached (default: KUBECONFIG, or as a pod)")
    .option("--context <NAME>", "of the kubeconfig")
    .action((options) =>
      host.operate({
        image: options.image,
        imagePullPolicy: options.imagePullPolicy,
        listen: options.listen,
        namespace: options.namespace,
        watch: options.watch ?? [],
        kubeconfig: options.kubeconfig,
        context: options.context,
      }),
    );
  return command as unknown as Command;
}

function listen(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === undefined)
    throw new InvalidArgumentError("It must be ADDRESS:PORT, such as 127.0.0.1:8080.");
  return address;
}
