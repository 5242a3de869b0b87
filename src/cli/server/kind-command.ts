/** The kinds of objects as the second word of a command, under every name that people give them. */
import { Command } from "@commander-js/extra-typings";

const aliases = {
  export: ["exports", "exp"],
  destination: ["destinations", "exportdestination", "exportdestinations", "expdest"],
  grant: ["grants", "downloadgrant", "downloadgrants"],
  token: ["tokens"],
  audit: [],
  files: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export function kindCommand(kind: keyof typeof aliases): Command {
  return new Command(kind).aliases(aliases[kind]);
}

/** A verb that is told a kind by the next word. */
export function verbCommand(verb: string, kinds: readonly unknown[]): Command {
  const command = new Command(verb).helpGroup("With a server (LONGSHORE_SERVER):");
  for (const kind of kinds) command.addCommand(kind as Command);
  return command;
}
