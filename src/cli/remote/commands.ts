/** Every command that talks to a server or a cluster. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { cancelCommand, resumeCommand, suspendCommand } from "../commands/change.ts";
import { createCommand } from "../commands/create.ts";
import { deleteCommand } from "../commands/delete.ts";
import { describeCommand } from "../commands/describe.ts";
import { getCommand } from "../commands/get.ts";
import { logsCommand } from "../commands/logs.ts";
import { watchCommand } from "../commands/watch.ts";
import type { CliContext } from "../context.ts";

export function remoteCommands(context: CliContext): CommandUnknownOpts[] {
  return [
    getCommand(context),
    describeCommand(context),
    watchCommand(context),
    logsCommand(context),
    createCommand(context),
    cancelCommand(context),
    suspendCommand(context),
    resumeCommand(context),
    deleteCommand(context),
  ];
}
