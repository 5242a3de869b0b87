/** The kinds of objects as the second word of a command, under every name that people give them. */
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { isPlugin } from "../program-name.ts";

const aliases = {
  export: ["exports", "exp"],
  destination: ["destinations", "exportdestination", "exportdestinations", "expdest"],
  grant: ["grants", "downloadgrant", "downloadgrants"],
  token: ["tokens"],
  audit: [],
  files: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What only a server has: a cluster has its own, and the plugin says so. */
const ofServers: ReadonlySet<string> = new Set(["token", "audit", "files"]);

export function kindCommand(kind: keyof typeof aliases): Command {
  return new Command(kind).aliases(aliases[kind]);
}

/** A verb that is told a kind by the next word. */
export function verbCommand(
  context: CliContext,
  verb: string,
  kinds: readonly CommandUnknownOpts[],
): Command {
  const plugin = isPlugin(context);
  const command = new Command(verb).helpGroup(
    plugin ? "Commands:" : "With a server (LONGSHORE_SERVER) or a cluster (KUBECONFIG):",
  );
  for (const kind of kinds) command.addCommand(kind, { hidden: plugin && ofServers.has(kind.name()) });
  return command;
}
