/** `longshore describe`: everything that a server says of one object. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { withNamespace } from "../remote/connect.ts";
import { kindCommand, verbCommand } from "../remote/kind-command.ts";

export function describeCommand(context: CliContext): CommandUnknownOpts {
  return verbCommand(context, "describe", [
    describeExport(context),
    describeDestination(context),
    describeGrant(context),
  ])
    .description("show everything about one export, destination or grant")
    .addHelpText(
      "after",
      `
Examples:
  longshore describe export reports
  longshore describe destination outbox`,
    );
}

const describeExport = (context: CliContext) =>
  withNamespace(context, kindCommand("export"))
    .description("what was asked for, how far it is, and why")
    .argument("<NAME>", "of the export")
    .addHelpText("after", "\nExamples:\n  longshore describe export reports")
    .action(async (name, options) => {
      const { showExport } = await import("../remote/actions/describe.ts");
      await showExport(context, name, options);
    });

const describeDestination = (context: CliContext) =>
  withNamespace(context, kindCommand("destination"))
    .description("where it is")
    .argument("<NAME>", "of the destination")
    .addHelpText("after", "\nExamples:\n  longshore describe destination outbox")
    .action(async (name, options) => {
      const { showDestination } = await import("../remote/actions/describe.ts");
      await showDestination(context, name, options);
    });

const describeGrant = (context: CliContext) =>
  withNamespace(context, kindCommand("grant"))
    .description("for what it is, how long it holds and how much was used")
    .argument("<NAME>", "of the grant, as `longshore get grants` lists it")
    .addHelpText("after", "\nExamples:\n  longshore describe grant reports-x7k2p")
    .action(async (name, options) => {
      const { showGrant } = await import("../remote/actions/describe.ts");
      await showGrant(context, name, options);
    });
