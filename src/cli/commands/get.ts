/** `longshore get`: lists or shows what a server has. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";
import { isPlugin } from "../program-name.ts";
import { integer } from "../option-values.ts";
import { withNamespace, withRemote } from "../remote/connect.ts";
import { kindCommand, verbCommand } from "../remote/kind-command.ts";
import { outputOption } from "../remote/option-readers.ts";

const help = `
Examples:
  longshore get exports
  longshore get exports --watch
  longshore get export reports -o yaml`;

const serverHelp = `
  longshore get files reports 2026/

Server and token come from LONGSHORE_SERVER and LONGSHORE_TOKEN; without them the cluster is meant that KUBECONFIG names.`;

export function getCommand(context: CliContext): CommandUnknownOpts {
  return verbCommand(context, "get", [
    exports(context),
    destinations(context),
    grants(context),
    tokens(context),
    audit(context),
    files(context),
  ])
    .description(
      isPlugin(context)
        ? "list or show exports, destinations, grants"
        : "list or show exports, destinations, grants, tokens, files, the audit",
    )
    .addHelpText("after", isPlugin(context) ? help : help + serverHelp);
}

const exports = (context: CliContext) =>
  withNamespace(context, kindCommand("export"))
    .description("exports, or one of them")
    .argument("[NAME]", "of one export")
    .option("-A, --all-namespaces", "of every namespace")
    .option("-w, --watch", "go on with what changes, until Ctrl-C")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  longshore get exports
  longshore get exports -A -o wide
  longshore get export reports -o json
  longshore get exports --watch -o json

STATUS is the reason of the condition Succeeded. With -o yaml there is one document for each export, as \`create -f\` takes them;
with --watch -o json one line for each change.`,
    )
    .action(async (name, options) => {
      const { getExports } = await import("../remote/actions/get.ts");
      await getExports(context, name, options);
    });

const destinations = (context: CliContext) =>
  withNamespace(context, kindCommand("destination"))
    .description("destinations, or one of them")
    .argument("[NAME]", "of one destination")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  longshore get destinations
  longshore get destination outbox -o yaml`,
    )
    .action(async (name, options) => {
      const { getDestinations } = await import("../remote/actions/get.ts");
      await getDestinations(context, name, options);
    });

const grants = (context: CliContext) =>
  withNamespace(context, kindCommand("grant"))
    .description(
      "grants, or one of them; their addresses were shown when they were made, and are nowhere now",
    )
    .argument("[NAME]", "of one grant")
    .option("--export <NAME>", "of this export alone")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  longshore get grants
  longshore get grants --export reports
  longshore get grants -o name`,
    )
    .action(async (name, options) => {
      const { getGrants } = await import("../remote/actions/get.ts");
      await getGrants(context, name, options);
    });

const tokens = (context: CliContext) =>
  withRemote(context, kindCommand("token"))
    .description("API tokens, without what they are (needs the role admin)")
    .argument("[NAME]", "of one token")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  longshore get tokens`,
    )
    .action(async (name, options) => {
      const { getTokens } = await import("../remote/actions/get.ts");
      await getTokens(context, name, options);
    });

const audit = (context: CliContext) =>
  withRemote(context, kindCommand("audit"))
    .description("who did what: requests, grants, every download (needs the role admin); newest first")
    .argument("[NAME]", "of objects of this name alone")
    .option("-n, --namespace <NAME>", "of this namespace alone")
    .option("--limit <N>", "at most so many", integer("--limit", 1, 100_000_000), 100)
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  longshore get audit
  longshore get audit reports --limit 1000 -o json`,
    )
    .action(async (name, options) => {
      const { getAudit } = await import("../remote/actions/get.ts");
      await getAudit(context, name, options);
    });

const files = (context: CliContext) =>
  withNamespace(context, kindCommand("files"))
    .description("what a finished export holds, one folder at a time")
    .argument("<EXPORT>", "name of the export")
    .argument("[PATH]", "a folder or one entry in it")
    .addOption(outputOption())
    .addHelpText(
      "after",
      `
Examples:
  longshore get files reports
  longshore get files reports 2026/q1 -o wide

Names are shown with control characters and stray bytes escaped; -o json has them as they are.`,
    )
    .action(async (name, path, options) => {
      const { getFiles } = await import("../remote/actions/get.ts");
      await getFiles(context, [name, path], options);
    });
