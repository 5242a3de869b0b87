/** `longshore delete`: removes objects of a server. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { isPlugin } from "../program-name.ts";
import { withNamespace, withRemote } from "../remote/connect.ts";
import { kindCommand, verbCommand } from "../remote/kind-command.ts";

export function deleteCommand(context: CliContext): CommandUnknownOpts {
  return verbCommand(context, "delete", [
    deleteExport(context),
    deleteDestination(context),
    deleteGrant(context),
    deleteToken(context),
  ])
    .description(
      isPlugin(context)
        ? "delete an export, destination or grant"
        : "delete an export, destination, grant or token",
    )
    .addHelpText(
      "after",
      `
Examples:
  longshore delete export reports --wait
  longshore delete grant reports-x7k2p`,
    );
}

const deleteExport = (context: CliContext) =>
  withNamespace(context, kindCommand("export"))
    .description("an export, and what it prepared as its deletionPolicy says")
    .argument("<NAME>", "of the export")
    .option("--keep-data", "leave what it prepared where it lies")
    .option("--wait", "end when it is gone")
    .addHelpText(
      "after",
      `
Examples:
  longshore delete export reports --wait
  longshore delete export reports --keep-data

Work on it is stopped first. Its grants end with it.`,
    )
    .action(async (name, options) => {
      const { deleteExport: remove } = await import("../remote/actions/delete.ts");
      await remove(context, name, options);
    });

const deleteDestination = (context: CliContext) =>
  withNamespace(context, kindCommand("destination"))
    .description("a destination; nothing that lies there is touched")
    .argument("<NAME>", "of the destination")
    .addHelpText("after", "\nExamples:\n  longshore delete destination outbox")
    .action(async (name, options) => {
      const { deleteDestination: remove } = await import("../remote/actions/delete.ts");
      await remove(context, name, options);
    });

const deleteGrant = (context: CliContext) =>
  withNamespace(context, kindCommand("grant"))
    .description("a grant, which ends it at once")
    .argument("<NAME>", "of the grant, as `longshore get grants` lists it")
    .addHelpText("after", "\nExamples:\n  longshore delete grant reports-x7k2p")
    .action(async (name, options) => {
      const { deleteGrant: remove } = await import("../remote/actions/delete.ts");
      await remove(context, name, options);
    });

const deleteToken = (context: CliContext) =>
  withRemote(context, kindCommand("token"))
    .description("an API token, which ends it at once (needs the role admin)")
    .argument("<NAME>", "of the token, as `longshore get tokens` lists it")
    .addHelpText("after", "\nExamples:\n  longshore delete token nightly")
    .action(async (name, options) => {
      const { deleteToken: remove } = await import("../remote/actions/delete.ts");
      await remove(context, name, options);
    });
