/** The whole command line: which commands there are, and what becomes of an error. */
import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { type CompletedCommand, completionScript, shells } from "./completion.ts";
import { downloadCommand } from "./commands/download.ts";
import { exportCommand } from "./commands/export.ts";
import { extractCommand } from "./commands/extract.ts";
import { lsCommand } from "./commands/ls.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { CliContext } from "./context.ts";
import { choice } from "./option-values.ts";
import { LongshoreError } from "../domain/errors.ts";
import { exitCodeOf, interrupted, tell } from "./outcome.ts";

const examples = `
Examples:
  longshore export /srv/reports /mnt/handover         take a folder out, in parts, proved
  longshore verify /mnt/handover/reports              read every byte and compare
  longshore ls /mnt/handover/reports 2026/            what it holds
  longshore extract /mnt/handover/reports /tmp/back   get it back
  longshore download /mnt/handover/reports            join it to one file: reports.tar.zst
  cat /mnt/handover/reports/parts/* | zstd -d | tar x get it back without longshore
  longshore destination check s3://handover/2026      whether a bucket or folder can keep exports
  longshore create grant reports                      with a server: an address to download from

LOCATION is the folder of one export. An interrupted command is continued by giving it again.`;

/** Runs one command to its end and says the exit code, unless the command has set one itself. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number | undefined> {
  const verbose = argv.includes("--verbose");
  const words = argv.filter((argument) => argument !== "--verbose");
  const program = await createProgram(context, words[0]);
  try {
    await program.parseAsync(words, { from: "user" });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return usageExit(error, context);
    if (context.signal.aborted) {
      await context.stderr.write(isInterruption(error) ? tell(error, verbose) : interruption);
      return interrupted;
    }
    await context.stderr.write(tell(error, verbose));
    return exitCodeOf(error);
  }
}

const interruption = "longshore: interrupted: run the same command again, it continues where it stopped\n";

/** A command whose work goes on elsewhere says so itself. */
const isInterruption = (error: unknown): boolean =>
  error instanceof LongshoreError && error.code === "Interrupted";

/** Help and version end with 0; everything else that the parser refuses is wrong usage. */
async function usageExit(error: CommanderError, context: CliContext): Promise<number> {
  if (error.exitCode === 0) return 0;
  if (error.code !== "commander.help") {
    const text = error.message
      .replace(/^error: /, "")
      .replaceAll("\n", " ")
      .replace(/\.$/, "");
    await context.stderr.write(`longshore: ${text}: see \`longshore --help\`\n`);
  }
  return 2;
}

/** `word` is the command that was asked for, if any. */
async function createProgram(context: CliContext, word: string | undefined) {
  const program = new Command("longshore")
    .description("takes data out and hands it over: prepared in parts, proved, resumable")
    .version(context.version, "--version", "print the version")
    .option("--verbose", "add the cause to an error")
    .helpOption("--help", "show help")
    .helpCommand(false)
    .addHelpText("after", examples);
  const commands = [
    exportCommand(context),
    verifyCommand(context),
    lsCommand(context),
    extractCommand(context),
    downloadCommand(context),
    ...(context.extraCommands?.(context) ?? []),
  ];
  // Loading the others delays each start, so they come only where one of them could be meant.
  if (!commands.some((command) => command.name() === word)) {
    const { serverCommands } = await import("./server/commands.ts");
    for (const command of serverCommands(context)) commands.push(command as (typeof commands)[number]);
  }
  const completion = new Command("completion")
    .description("print a completion script for a shell")
    .argument("<SHELL>", shells.join(", "), choice("SHELL", shells))
    .addHelpText("after", "\nExamples:\n  source <(longshore completion bash)")
    .action((shell) => context.stdout.write(completionScript(shell, program.commands.map(completed))));
  for (const command of [...commands, completion]) program.addCommand(command as Command);
  configure(program as Command, context);
  return program;
}

function completed(command: CommandUnknownOpts): CompletedCommand {
  return {
    name: command.name(),
    aliases: command.aliases(),
    description: command.description(),
    options: command.options.map((option) => ({
      flag: option.long ?? option.flags,
      description: option.description,
    })),
    commands: command.commands.map(completed),
  };
}

function configure(command: CommandUnknownOpts, context: CliContext): void {
  command
    .exitOverride()
    .helpOption("--help", "show help")
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void (text.startsWith("error: ") ? undefined : context.stderr.write(text)),
      getOutHelpWidth: () => context.stdout.columns,
      getErrHelpWidth: () => context.stderr.columns,
    });
  for (const kind of command.commands) configure(kind, context);
}
