/** `longshore watch`: follows an export of a server to its end. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { connect, namespaceOf, withNamespace } from "../remote/connect.ts";
import { kindCommand, verbCommand } from "../remote/kind-command.ts";

const help = `
Examples:
  longshore watch export reports
  longshore watch export reports -n team-a && longshore create grant reports -n team-a

Exit codes: 0 it succeeded, 1 it failed, was cancelled or deleted, 3 it succeeded with differences, 130 you stopped watching
(the export goes on). Cuts of the line and restarts of the server are survived.`;

export function watchCommand(context: CliContext): CommandUnknownOpts {
  return verbCommand(context, "watch", [watchExport(context)])
    .description("follow an export to its end")
    .addHelpText("after", help);
}

const watchExport = (context: CliContext) =>
  withNamespace(context, kindCommand("export"))
    .description("progress until it ended: a bar on a terminal, lines elsewhere")
    .argument("<NAME>", "of the export")
    .addHelpText("after", help)
    .action(async (name, options) => {
      await using remote = await connect(context, options);
      const { followExport } = await import("../remote/actions/follow-export.ts");
      await followExport(context, remote, { namespace: namespaceOf(options, remote), name });
    });
