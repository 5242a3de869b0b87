/** The whole command line: which commands there are, and what becomes of an error. */
import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { type CompletedCommand, completionScript, shells } from "./completion.ts";
import { downloadCommand } from "./commands/download.ts";
import { exportCommand } from "./commands/export.ts";
import { extractCommand } from "./commands/extract.ts";
import { lsCommand } from "./commands/ls.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { CliContext, Output } from "./context.ts";
import { choice } from "./option-values.ts";
import { hasCode, LongshoreError, undefinedIf } from "../domain/errors.ts";
import { inOrder } from "./option-order.ts";
import { exitCodeOf, exitCodes, failureDocument, tell } from "./outcome.ts";
import { isPlugin, spoken } from "./program-name.ts";

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

const pluginExamples = `
Examples:
  kubectl longshore create export q1 --source pvc:///reports/2026 --destination pvc:///handover --wait
  kubectl longshore create export q1 -n team --source pvc://team/reports --destination s3://handover --dry-run=server
  kubectl longshore get exports -A
  kubectl longshore watch export q1                   a bar, until it has ended
  kubectl longshore logs export q1 --follow           what its workers say
  kubectl longshore delete export q1 --wait           with what it prepared

pvc:///CLAIM/PATH is a claim of the namespace that is meant. Commands for files of this machine are those of \`longshore\`.`;

/** Runs one command to its end and says the exit code, unless the command has set one itself. */
export async function runCli(argv: readonly string[], home: CliContext): Promise<number | undefined> {
  const { context, hasSaid } = listened(home);
  const verbose = argv.includes("--verbose");
  const words = argv.filter((argument) => argument !== "--verbose");
  const say = (text: string): Promise<void> =>
    context.stderr.write(spoken(text, context.program, pluginWords));
  try {
    const { program, local } = await createProgram(context, words[0]);
    const ordered = inOrder(words, program);
    if (isPlugin(context)) refuseLocal(local, ordered[0]);
    await program.parseAsync(ordered, { from: "user" });
    return undefined;
  } catch (error) {
    if (hasCode(error, "OutputClosed")) return exitCodes.outputClosed;
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    if (asksForDocument(words) && !isHelp && !hasSaid()) await document(error, context);
    if (error instanceof CommanderError) return usageExit(error, context);
    if (context.signal.aborted) {
      await say(isInterruption(error) ? tell(error, verbose) : interruption);
      return exitCodes.interrupted;
    }
    await say(tell(error, verbose));
    return exitCodeOf(error);
  }
}

const interruption = "longshore: interrupted: run the same command again, it continues where it stopped\n";

/** The same, and whether anything was written to standard output. */
function listened(home: CliContext): { readonly context: CliContext; readonly hasSaid: () => boolean } {
  let said = false;
  const write: Output["write"] = (bytes) => {
    said = true;
    return home.stdout.write(bytes);
  };
  const stdout = Object.create(home.stdout, { write: { value: write } }) as Output;
  // Not a copy: what is opened when it is read stays closed.
  return { context: Object.create(home, { stdout: { value: stdout } }) as CliContext, hasSaid: () => said };
}

/** Of `ls` each line is a document, and none says that it failed. */
function asksForDocument(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words[0] !== "ls" && words.slice(0, end === -1 ? undefined : end).includes("--json");
}

async function document(error: unknown, { stdout, signal }: CliContext): Promise<void> {
  const told =
    error instanceof CommanderError ? new LongshoreError("InvalidArgument", usageText(error)) : error;
  await stdout.write(failureDocument(told, signal)).catch(undefinedIf("OutputClosed"));
}

/** A command whose work goes on elsewhere says so itself. */
const isInterruption = (error: unknown): boolean =>
  error instanceof LongshoreError && error.code === "Interrupted";

/** Help and version end with 0; everything else that the parser refuses is wrong usage. */
async function usageExit(error: CommanderError, context: CliContext): Promise<number> {
  if (error.exitCode === 0) return exitCodes.done;
  if (error.code !== "commander.help") {
    await context.stderr.write(`longshore: ${usageText(error)}: see \`${context.program} --help\`\n`);
  }
  return exitCodes.usage;
}

const usageText = ({ message }: CommanderError): string =>
  message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .replace(/\.$/, "");

/** What the plugin has beside the commands that talk to a cluster. */
const pluginExtras: ReadonlySet<string> = new Set(["install", "uninstall"]);
const pluginWords = [
  "get",
  "describe",
  "watch",
  "logs",
  "create",
  "cancel",
  "suspend",
  "resume",
  "delete",
  ...pluginExtras,
  "--help",
];

/** `word` is the command that was asked for, if any. */
async function createProgram(context: CliContext, word: string | undefined) {
  const plugin = isPlugin(context);
  const program = new Command(context.program)
    .description(
      plugin
        ? "takes data out of the cluster and hands it over: prepared in parts, proved, resumable"
        : "takes data out and hands it over: prepared in parts, proved, resumable",
    )
    .version(context.version, "--version", "print the version")
    .option("--verbose", "add the cause to an error")
    .helpOption("--help", "show help")
    .helpCommand(false)
    .addHelpText("after", plugin ? pluginExamples : examples);
  const extras = context.extraCommands?.(context) ?? [];
  const local = [
    exportCommand(context),
    verifyCommand(context),
    lsCommand(context),
    extractCommand(context),
    downloadCommand(context),
    ...extras.filter((command) => !pluginExtras.has(command.name())),
  ];
  const completion = completionCommand(context, program);
  const both = extras.filter((command) => pluginExtras.has(command.name()));
  const commands = plugin ? [...both] : [...local, ...both];
  // Loading the others delays each start, so they come only where one of them could be meant.
  if (word !== "--version" && !commands.some((command) => command.name() === word)) {
    const { remoteCommands } = await import("./remote/commands.ts");
    commands.splice(plugin ? 0 : commands.length, 0, ...remoteCommands(context));
  }
  if (!plugin) commands.push(completion);
  for (const command of commands) program.addCommand(command);
  configure(program, context);
  return { program, local: [...local, completion] };
}

/** Beside `create export` an `export` of this machine's files would be taken for the same. */
function refuseLocal(local: readonly CommandUnknownOpts[], word: string | undefined): void {
  if (!local.some((command) => command.name() === word)) return;
  throw new LongshoreError(
    "InvalidArgument",
    `\`${word}\` is no command of the plugin, it works on this machine`,
    {
      hint: `run \`longshore ${word}\``,
    },
  );
}

const completionCommand = (context: CliContext, program: CommandUnknownOpts): CommandUnknownOpts =>
  new Command("completion")
    .description("print a completion script for a shell")
    .argument("<SHELL>", shells.join(", "), choice("SHELL", shells))
    .addHelpText("after", "\nExamples:\n  source <(longshore completion bash)")
    .action((shell) => context.stdout.write(completionScript(shell, program.commands.map(completed))));

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
      writeOut: (text) =>
        void context.stdout
          .write(spoken(text, context.program, pluginWords))
          .catch(undefinedIf("OutputClosed")),
      writeErr: (text) => void (text.startsWith("error: ") ? undefined : context.stderr.write(text)),
      getOutHelpWidth: () => context.stdout.columns,
      getErrHelpWidth: () => context.stderr.columns,
    });
  for (const kind of command.commands) configure(kind, context);
}
