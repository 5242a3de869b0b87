/** `longshore cancel`, `suspend` and `resume`: change what becomes of an export of a server. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { withNamespace } from "../remote/connect.ts";
import { kindCommand, verbCommand } from "../remote/kind-command.ts";

export function cancelCommand(context: CliContext): CommandUnknownOpts {
  const examples =
    "\nExamples:\n  longshore cancel export reports\n\nIt can't be undone; what was prepared stays until the export is deleted.";
  const kind = withNamespace(context, kindCommand("export"))
    .description("end it for good")
    .argument("<NAME>", "of the export")
    .addHelpText("after", examples)
    .action(async (name, options) => {
      const { cancelExport } = await import("../remote/actions/change.ts");
      await cancelExport(context, name, options);
    });
  return verbCommand(context, "cancel", [kind])
    .description("end an export for good")
    .addHelpText("after", examples);
}

export const suspendCommand = (context: CliContext): CommandUnknownOpts =>
  suspending(context, {
    verb: "suspend",
    suspend: true,
    description: "stop the work on an export and keep what is done",
  });

export const resumeCommand = (context: CliContext): CommandUnknownOpts =>
  suspending(context, {
    verb: "resume",
    suspend: false,
    description: "go on with an export that was suspended",
  });

interface Suspending {
  readonly verb: "suspend" | "resume";
  readonly suspend: boolean;
  readonly description: string;
}

function suspending(context: CliContext, { verb, suspend, description }: Suspending): CommandUnknownOpts {
  const examples = `\nExamples:\n  longshore ${verb} export reports`;
  const kind = withNamespace(context, kindCommand("export"))
    .description(description)
    .argument("<NAME>", "of the export")
    .addHelpText("after", examples)
    .action(async (name, options) => {
      const { setSuspend } = await import("../remote/actions/change.ts");
      await setSuspend(context, name, { ...options, suspend });
    });
  return verbCommand(context, verb, [kind]).description(description).addHelpText("after", examples);
}
