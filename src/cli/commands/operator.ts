/** `longshore operator`: looks after the exports of a cluster; its Deployment runs it. */
import { Command, type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { type RunningLimits, usualRunningLimits } from "../../domain/running-limits.ts";
import type { CliContext } from "../context.ts";
import { listenAddress } from "../option-values.ts";
import type { ListenAddress } from "../serve-options.ts";

export interface OperatorOptions extends RunningLimits {
  /** Of the workers. */
  readonly image: string;
  readonly imagePullPolicy: string;
  /** Where health and measurements are answered. */
  readonly listen: ListenAddress;
  /** Where workers' reports are taken; nowhere where it is undefined. */
  readonly reportListen: ListenAddress | undefined;
  /** The same as workers reach it. */
  readonly reportUrl: string | undefined;
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

/** To end requests and to give the Lease away, in milliseconds. */
const leave = 12_000;

export function operatorCommand(context: CliContext, host: OperatorHost): CommandUnknownOpts {
  return new Command("operator")
    .description("look after the exports of a cluster; `longshore install` prints its Deployment")
    .requiredOption("--image <REF>", "image of the workers")
    .addOption(
      new Option("--image-pull-policy <POLICY>", "of the workers")
        .choices(["IfNotPresent", "Always", "Never"])
        .default("IfNotPresent"),
    )
    .addOption(
      new Option("--listen <ADDRESS:PORT>", "where /livez, /readyz and /metrics are answered")
        .argParser(listenAddress)
        .default({ host: "127.0.0.1", port: 8080 }, "127.0.0.1:8080"),
    )
    .option(
      "--report-listen <ADDRESS:PORT>",
      "where workers report their progress (default: nowhere)",
      listenAddress,
    )
    .option(
      "--report-url <URL>",
      "how workers reach it (default: by the address that is listened on)",
      httpUrl,
    )
    .option("--namespace <NAME>", "where the Lease lies by which one operator leads (default: its own)")
    .option(
      "--watch <NAMESPACE>",
      "look after the exports of this namespace (repeatable; default: of all)",
      (name: string, before: string[] | undefined) => [...(before ?? []), name],
    )
    .addOption(
      new Option(
        "--max-running <NUMBER>",
        "exports that run at the same time; the others wait for their turn",
      )
        .argParser(positive)
        .default(usualRunningLimits.maxRunning),
    )
    .addOption(
      new Option("--max-running-per-namespace <NUMBER>", "the same of one namespace")
        .argParser(positive)
        .default(usualRunningLimits.maxRunningPerNamespace),
    )
    .option("--kubeconfig <FILE>", "how the cluster is reached (default: KUBECONFIG, or as a pod)")
    .option("--context <NAME>", "of the kubeconfig")
    .action((options) => {
      context.giveTime(leave);
      return host.operate({
        image: options.image,
        imagePullPolicy: options.imagePullPolicy,
        listen: options.listen,
        reportListen: options.reportListen,
        reportUrl: options.reportUrl,
        namespace: options.namespace,
        watch: options.watch ?? [],
        maxRunning: options.maxRunning,
        maxRunningPerNamespace: options.maxRunningPerNamespace,
        kubeconfig: options.kubeconfig,
        context: options.context,
      });
    });
}

function httpUrl(text: string): string {
  if (URL.parse(text)?.protocol === "http:") return text;
  throw new InvalidArgumentError(
    "It must be a URL such as http://longshore-operator.longshore-system.svc:8081.",
  );
}

function positive(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 1 to 999999.");
}
