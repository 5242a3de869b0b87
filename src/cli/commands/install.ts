/** `longshore install`: prints everything that an installation in a cluster consists of. */
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { LongshoreError } from "../../domain/errors.ts";
import type { CliContext } from "../context.ts";

export interface InstallHost {
  readonly settings: readonly {
    readonly key: string;
    readonly meaning: string;
    /** "" for none. */
    readonly standard: string;
  }[];
  /** The manifests as YAML. Throws InvalidArgument where a setting is wrong or unknown. */
  readonly manifests: (settings: Readonly<Record<string, string>>) => Promise<string>;
}

export function installCommand(
  context: CliContext,
  { settings, manifests }: InstallHost,
): CommandUnknownOpts {
  return new Command("install")
    .description("print the manifests that install Longshore in a Kubernetes cluster")
    .option("--set <KEY=VALUE>", "choose a setting (repeatable)", collectSetting)
    .addHelpText("after", () => settingsHelp(settings) + examples)
    .action(async ({ set = {} }) => context.stdout.write(await manifests(set)));
}

const examples = `
Examples:
  longshore install | kubectl apply --server-side -f -
  longshore install --set image=registry.example.com/longshore:0.1.0 --set namespace=exports > longshore.yaml
Nothing is sent anywhere: read what is printed, then give it to kubectl. Giving it again changes nothing.`;

function settingsHelp(settings: InstallHost["settings"]): string {
  const width = Math.max(...settings.map(({ key }) => key.length));
  const lines = settings.map(({ key, meaning, standard }) => {
    const unlessSaid = standard === "" ? "" : ` (default: ${standard})`;
    return `  ${key.padEnd(width)}  ${meaning}${unlessSaid}`;
  });
  return `\nSettings:\n${lines.join("\n")}\n`;
}

export function collectSetting(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const equals = text.indexOf("=");
  if (equals < 1)
    throw new LongshoreError("InvalidArgument", `--set ${JSON.stringify(text)} is not KEY=VALUE`);
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}
