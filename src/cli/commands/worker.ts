/** `longshore worker`: what a Job's pod runs; people have no use for it. */
import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { integer } from "../option-values.ts";
import { exitWith } from "../outcome.ts";

const stages = ["all", "plan", "pack", "finalize", "cleanup"] as const;

export interface WorkerOptions {
  readonly stage: (typeof stages)[number];
  /** Of the stage pack: which share of the parts is this worker's. */
  readonly index: number;
  /** Where the last message goes; nowhere where it is undefined. */
  readonly terminationLog: string | undefined;
}

export interface WorkerHost {
  /** Which pod of an Indexed Job this is, as Kubernetes says. */
  readonly completionIndex: string | undefined;
  /** Says the exit code. */
  readonly work: (options: WorkerOptions) => Promise<number>;
}

/** A pod has 30 seconds, unless it says otherwise; in milliseconds. */
const leave = 25_000;

export function workerCommand(context: CliContext, host: WorkerHost): CommandUnknownOpts {
  return new Command("worker")
    .description("one stage of an export, as the operator's Jobs run it")
    .addOption(new Option("--stage <STAGE>", "what to do").choices(stages).makeOptionMandatory())
    .option(
      "--index <N>",
      "share of the parts, from 0 (default: JOB_COMPLETION_INDEX)",
      integer("--index", 0, 100_000),
    )
    .option("--termination-log <FILE>", "where the last message goes", "/dev/termination-log")
    .action(async ({ stage, index, terminationLog }) => {
      context.giveTime(leave);
      const share = index ?? integer("JOB_COMPLETION_INDEX", 0, 100_000)(host.completionIndex ?? "0");
      exitWith(await host.work({ stage, index: share, terminationLog }));
    });
}
