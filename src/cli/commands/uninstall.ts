/** `longshore uninstall`: prints the shell script that removes an installation. */
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { collectSetting } from "./install.ts";

export interface UninstallHost {
  /** Throws InvalidArgument where a setting is wrong or unknown. */
  readonly script: (settings: Readonly<Record<string, string>>) => Promise<string>;
}

export function uninstallCommand(context: CliContext, { script }: UninstallHost): CommandUnknownOpts {
  return new Command("uninstall")
    .description("print the shell script that removes Longshore from a Kubernetes cluster")
    .option("--set <KEY=VALUE>", "a setting that `longshore install` was given (repeatable)", collectSetting)
    .addHelpText("after", help)
    .action(async ({ set = {} }) => context.stdout.write(await script(set)));
}

const help = `
Examples:
  longshore uninstall | sh
  longshore uninstall --set namespace=exports > uninstall.sh
The script ends the operator and its Jobs first, then takes our finalizers away, then removes the rest, so that nothing is
left that waits for what is gone. What exports have prepared stays where it lies, unless they are deleted before.`;
