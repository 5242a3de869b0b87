/** `longshore create`: makes objects of a server. */
import {
  type Command,
  type CommandUnknownOpts,
  Option,
  type OptionValues,
} from "@commander-js/extra-typings";
import { LongshoreError } from "../../domain/errors.ts";
import { formatNames } from "../../domain/export-options.ts";
import { roles } from "../../domain/permission.ts";
import type { CliContext } from "../context.ts";
import { isPlugin } from "../program-name.ts";
import { choice, excludeOption, includeOption, integer } from "../option-values.ts";
import { withNamespace, withRemote } from "../remote/connect.ts";
import { duration } from "../duration.ts";
import { formatWords } from "../../domain/resources/export-format.ts";
import { kindCommand, verbCommand } from "../remote/kind-command.ts";
import { dryRuns, madeFormats } from "../remote/output/output-format.ts";
import { quantity } from "../remote/option-readers.ts";

const day = 86_400;

const help = `
Examples:
  longshore create export reports --source pvc:///reports/2026 --destination outbox --wait
  longshore create destination outbox --volume pvc:///handover/exports
  longshore create grant reports --expires-in 48h
  longshore create -f exports.yaml
  longshore get export reports -o yaml | sed s/reports/again/ | longshore create -f -

FILE is JSON or YAML, with several documents of the kinds Export, ExportDestination and DownloadGrant:
  apiVersion: longshore.dev/v1alpha1
  kind: Export
  metadata: { name: reports }
  spec:
    source: { volume: { claimName: reports, path: /2026 } }   # or bucket; of a server also directory: { path: /srv/reports }
    destination: { name: outbox }`;

export function createCommand(context: CliContext): CommandUnknownOpts {
  const kinds = [
    createExport(context),
    createDestination(context),
    createGrant(context),
    createToken(context),
  ];
  const command = withNamespace(context, verbCommand(context, "create", kinds).enablePositionalOptions())
    .description(
      isPlugin(context)
        ? "make an export, destination or grant, or what a file describes"
        : "make an export, destination, grant or token, or what a file describes",
    )
    .option("-f, --file <FILE>", 'documents in JSON or YAML, "-" for standard input')
    .option("--wait", "follow the exports to their end")
    .addOption(dryRunOption())
    .addOption(madeOption())
    .addHelpText("after", help)
    .action(async ({ file, ...options }) => {
      if (file === undefined)
        throw new LongshoreError("InvalidArgument", "neither a kind nor a file is given", {
          hint: "see `longshore create --help`",
        });
      const { createFromFile } = await import("../remote/actions/create.ts");
      await createFromFile(context, { ...options, file });
    });
  return command;
}

/** Options may stand before the kind too, but a file has kinds of its own. */
function merged<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  const options = command.optsWithGlobals();
  if ("file" in options)
    throw new LongshoreError("InvalidArgument", "--file goes without a kind, the documents have their own");
  return options;
}

const createExport = (context: CliContext) =>
  withNamespace(context, kindCommand("export"))
    .description("an export: the data is prepared where it lies")
    .argument("<NAME>", "of the export")
    .requiredOption("--source <PLACE>", `where the data is: ${placesOf(context)}`)
    .option("--source-credentials <SECRET>", "of the cluster, for the source's bucket")
    .requiredOption("--destination <NAME|PLACE>", "a destination by its name, or such a place")
    .option("--destination-credentials <SECRET>", "of the cluster, for the destination's bucket")
    .option("--format <FORMAT>", formatNames.join(", "), choice("--format", formatWords))
    .option(
      "--level <LEVEL>",
      "compression level: 1-22 for tar.zst, 0-9 for tar.gz and zip",
      integer("--level", 0, 22),
    )
    .option("--part-size <SIZE>", "what a part aims at, as a Kubernetes quantity", quantity("--part-size"))
    .option("--workers <N>", "how many pack at the same time", integer("--workers", 1, 256))
    .addOption(includeOption())
    .addOption(excludeOption())
    .option(
      "--differences <POLICY>",
      "what a source that changes meanwhile means: record, fail",
      choice("--differences", ["record", "fail"] as const),
    )
    .option(
      "--ttl <TIME>",
      "delete it so long after it ended: 90s, 30m, 24h, 7d",
      duration("--ttl", 3650 * day),
    )
    .option("--previous <NAME>", "a finished export whose unchanged parts are taken over")
    .option("--keep-data", "leave what it prepared where it lies when it is deleted")
    .option("--wait", "follow it to its end; exits as `longshore watch`")
    .addOption(dryRunOption())
    .addOption(madeOption())
    .addHelpText("after", exportHelp(context))
    .action(async (name, _, command) => {
      const { createExport: make } = await import("../remote/actions/create.ts");
      await make(context, name, merged(command));
    });

const placesOf = (context: CliContext): string =>
  isPlugin(context)
    ? "pvc://NAMESPACE/CLAIM/PATH, or an s3://, az:// or gs:// URL"
    : "in a cluster pvc://NAMESPACE/CLAIM/PATH, on a server's machine an absolute path, or an s3://, az:// or gs:// URL";

const exportHelp = (context: CliContext): string => `
Examples:${isPlugin(context) ? "" : exportOfServer}
  longshore create export reports --source pvc:///reports/2026 --destination outbox --ttl 7d --wait
  longshore create export q1 -n team --source pvc://team/reports --destination pvc://team/handover/q1 --workers 4
  longshore create export events --source s3://lake/events --destination s3://handover/2026
  longshore create export tuesday --source pvc:///reports --destination outbox --previous monday --dry-run=server

pvc:///CLAIM/PATH is a claim of the export's own namespace, which no other can be. A bucket's credentials are a Secret of that
namespace, whose keys are named as the environment variables of the store's own tools.
What is not said is left to the other side: tar.zst, level 3, parts of 64Mi, differences recorded.`;

const exportOfServer = `
  longshore create export reports --source /srv/reports --destination outbox --ttl 7d --wait
  longshore create export q1 --source /srv/reports --include '2026/q1/' --destination /mnt/handover --format zip`;

const dryRunOption = () =>
  new Option(
    "--dry-run <WHERE>",
    "client: send nothing; server: have a cluster check it and keep nothing",
  ).choices(dryRuns);
const madeOption = () => new Option("-o, --output <FORMAT>", "print the document").choices(madeFormats);

const createDestination = (context: CliContext) =>
  withNamespace(context, kindCommand("destination"))
    .description("a destination: a place that exports may name (with a server it takes the role admin)")
    .argument("<NAME>", "of the destination")
    .addOption(
      new Option(
        "--directory <DIR>",
        "absolute path on the server's machine, inside what it allows",
      ).hideHelp(isPlugin(context)),
    )
    .option("--bucket <URL>", "s3://, az:// or gs:// URL; of a server inside what it allows")
    .option("--bucket-credentials <SECRET>", "of the cluster, for the bucket")
    .option("--volume <URL>", "of the cluster, as pvc://NAMESPACE/CLAIM/PATH")
    .addOption(dryRunOption())
    .addOption(madeOption())
    .addHelpText(
      "after",
      `
Examples:${isPlugin(context) ? "" : "\n  longshore create destination outbox --directory /mnt/handover"}
  longshore create destination outbox --bucket s3://handover/2026
  longshore create destination outbox --volume pvc:///handover/exports`,
    )
    .action(async (name, _, command) => {
      const { createDestination: make } = await import("../remote/actions/create.ts");
      await make(context, name, merged(command));
    });

const createGrant = (context: CliContext) =>
  withNamespace(context, kindCommand("grant"))
    .description("a grant: an address from which whoever has it can download one export")
    .argument("<EXPORT>", "name of the export")
    .option(
      "--expires-in <TIME>",
      "how long it holds: 90s, 30m, 24h, 7d (default: 24h)",
      duration("--expires-in", 366 * day),
    )
    .option("--max-bytes <SIZE>", "how much may be downloaded with it in all", quantity("--max-bytes"))
    .option("--description <TEXT>", "for whom and why; shown to whoever lists grants")
    .option("--json", "print the whole document, with the address as `url`")
    .addHelpText(
      "after",
      `
Examples:
  longshore create grant reports --expires-in 48h --description 'ACME, ticket 4711'
  curl -fLO -C - "$(longshore create grant reports)"

The address alone goes to standard output. It is a secret, and this is the only time that it is shown.`,
    )
    .action(async (name, _, command) => {
      const { createGrant: make } = await import("../remote/actions/create.ts");
      await make(context, name, merged(command));
    });

const createToken = (context: CliContext) =>
  withRemote(context, kindCommand("token"))
    .description("an API token for a person or a program (needs the role admin)")
    .argument("<NAME>", "for whom or what it is; it stands in the audit")
    .requiredOption("--role <ROLE>", roles.join(", "), choice("--role", roles))
    .option(
      "--expires-in <TIME>",
      "how long it holds: 90s, 30m, 24h, 7d (default: until it is deleted)",
      duration("--expires-in", 3660 * day),
    )
    .option("--json", "print the whole document, with the token as `token`")
    .addHelpText(
      "after",
      `
Examples:
  (umask 077 && longshore create token nightly --role exporter --expires-in 90d > nightly-token)
  longshore get exports --token-file nightly-token

admin may do everything; exporter makes exports and grants, and downloads; reader looks. The token alone goes to standard
output, and this is the only time that it is shown.`,
    )
    .action(async (name, _, command) => {
      const { createToken: make } = await import("../remote/actions/create.ts");
      await make(context, name, merged(command));
    });
