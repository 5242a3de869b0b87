/** `longshore logs`: what the workers of an export in a cluster print. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { integer } from "../option-values.ts";
import { withNamespace } from "../remote/connect.ts";
import { kindCommand, verbCommand } from "../remote/kind-command.ts";

const help = `
Examples:
  longshore logs export reports
  longshore logs export reports --follow
  longshore logs export reports --tail 20 -n team-a

Those of all its pods that are still there, also of attempts that failed; where they are several, a line begins with the
name of its pod. Only a cluster has them: a server keeps one log for all exports.`;

export function logsCommand(context: CliContext): CommandUnknownOpts {
  return verbCommand(context, "logs", [logsExport(context)])
    .description("print what the workers of an export log (cluster only)")
    .addHelpText("after", help);
}

const logsExport = (context: CliContext) =>
  withNamespace(context, kindCommand("export"))
    .description("the logs of its workers")
    .argument("<NAME>", "of the export")
    .option("-f, --follow", "go on until the export has ended, also with pods that begin later")
    .option("--tail <N>", "at most so many of the last lines of each pod", integer("--tail", 0, 100_000_000))
    .addHelpText("after", help)
    .action(async (name, options) => {
      const { printLogs } = await import("../remote/actions/logs.ts");
      await printLogs(context, name, options);
    });
