/** `longshore export`: takes a folder or a file out into a proved export, or goes on with one. */
import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import { baseNameOf, joinLocation, parseBucketLocation } from "../../domain/location.ts";
import { type ExportOptions, formatNames } from "../../domain/export-options.ts";
import type { ExportCall, ExportResult } from "../../engine/exporting/export-call.ts";
import type { CliContext } from "../context.ts";
import { choice, excludeOption, includeOption, integer, size } from "../option-values.ts";
import { exitCodes, exitWith, failureDocument } from "../outcome.ts";
import { documentText, exportDocument } from "../export-document.ts";
import { trackExport } from "../export-progress.ts";
import { workerCount } from "../worker-count.ts";

const examples = `
Examples:
  longshore export /srv/reports /mnt/handover
  longshore export /srv/reports /mnt/handover --name reports-2026 --include '*.csv' --exclude .snapshot/
  longshore export /srv/reports /mnt/handover --name monday --previous /mnt/handover/sunday
  longshore export /srv/reports /mnt/handover --repair
  longshore export /srv/reports 's3://handover/2026?region=eu-west-1'

The export lies in DESTINATION/NAME. The same command again continues an unfinished export.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with differences, 130 interrupted (run it again to continue).`;

export function exportCommand(context: CliContext): CommandUnknownOpts {
  return new Command("export")
    .description("take a folder or a file out into a verified export, or continue one")
    .argument("<SOURCE>", "a path, or a file://, s3://, az:// or gs:// URL")
    .argument(
      "<DESTINATION>",
      "a path, or a file://, s3://, az:// or gs:// URL; the export's own folder is made in it",
    )
    .option("--name <NAME>", "name of the export (default: SOURCE's base name)")
    .option("--format <FORMAT>", formatNames.join(", "), choice("--format", formatNames), "tar.zst")
    .option(
      "--level <LEVEL>",
      "compression level: 1-22 for tar.zst, 0-9 for tar.gz and zip",
      integer("--level", 0, 22),
      3,
    )
    .addOption(
      new Option("--part-size <SIZE>", "what a part aims at, as a Kubernetes quantity")
        .argParser(size("--part-size", 1024))
        .default(64 * 2 ** 20, "64Mi"),
    )
    .option(
      "--workers <N>",
      "threads that pack (default: one for each processor, two where they send to a store)",
      integer("--workers", 1, 256),
    )
    .addOption(includeOption())
    .addOption(excludeOption())
    .option(
      "--differences <POLICY>",
      "what a source that changes meanwhile means: record, fail",
      choice("--differences", ["record", "fail"] as const),
      "record" as const,
    )
    .option("--previous <LOCATION>", "an earlier export whose unchanged parts are taken over")
    .option("--repair", "verify every byte of a finished export and pack again what is damaged")
    .option("--entry-digests", "have a SHA-256 of every entry in the index")
    .option("--cross-file-systems", "enter folders on other file systems than SOURCE")
    .option(
      "--scratch <DIR>",
      "folder for what does not fit in memory (default: the system's temporary folder)",
    )
    .option("--sign-key <FILE>", "sign a statement of the export with this Ed25519 private key (PEM)")
    .option("--json", "print one JSON document on standard output and nothing else there")
    .addHelpText("after", examples)
    .action((source, destination, options) => exportTo(context, { source, destination }, options));
}

interface GivenOptions extends Pick<ExportOptions, "format" | "level" | "partSize" | "differences"> {
  readonly name?: string;
  readonly workers?: number;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly previous?: string;
  readonly repair?: true;
  readonly entryDigests?: true;
  readonly crossFileSystems?: true;
  readonly scratch?: string;
  readonly signKey?: string;
  readonly json?: true;
}

interface Places {
  readonly source: string;
  readonly destination: string;
}

async function exportTo(context: CliContext, places: Places, options: GivenOptions): Promise<void> {
  const startedAt = performance.now();
  const call = await callOf(context, places, options);
  try {
    const result = await runCall(context, call, options.repair === true);
    const document = exportDocument(result, call.location, (performance.now() - startedAt) / 1000);
    await context.stdout.write(
      options.json === true ? `${JSON.stringify(document)}\n` : documentText(document, result.unchanged),
    );
    if (document.differences > 0) exitWith(exitCodes.differences);
  } catch (error) {
    const { name, location } = call;
    if (options.json === true && !hasCode(error, "OutputClosed"))
      await context.stdout.write(failureDocument(error, context.signal, { name, location }));
    throw error;
  }
}

/** Throws InvalidArgument, InvalidKey. */
async function callOf(
  context: CliContext,
  { source, destination }: Places,
  options: GivenOptions,
): Promise<ExportCall> {
  const { format, level, partSize, differences, include = [], exclude = [], scratch, signKey } = options;
  const name = checkName(options.name ?? nameOf(context, source));
  checkLevel(level, await context.drivers.format(format));
  return {
    name,
    source,
    location: placeOf(context, destination, name),
    options: {
      format,
      level,
      partSize,
      include,
      exclude,
      differences,
      entryDigests: options.entryDigests === true,
      crossFileSystems: options.crossFileSystems === true,
    },
    previous: options.previous,
    scratch: join(checkScratch(scratch ?? context.temporaryFolder), `longshore-${randomUUID()}`),
    ...workerCount(options.workers),
    signer: signKey === undefined ? undefined : await context.readSignKey(signKey),
  };
}

/** Shows how far it is, until it ends. */
async function runCall(context: CliContext, call: ExportCall, repair: boolean): Promise<ExportResult> {
  await using tracked = trackExport(context, call.name);
  const home = { ...context.exportHome, onEvent: tracked.onEvent };
  try {
    if (repair) {
      const { repairExport } = await import("../../engine/repairing/repair-export.ts");
      return await repairExport(call, home, context.signal);
    }
    const { runExport } = await import("../../engine/exporting/run-export.ts");
    return await runExport(call, home, context.signal);
  } finally {
    await rm(call.scratch, { recursive: true, force: true });
  }
}

/** What an export is called where nobody says. */
function nameOf({ pathOf }: CliContext, source: string): string {
  const bucket = parseBucketLocation(source);
  return bucket === undefined ? basename(resolve(pathOf(source))) : baseNameOf(bucket);
}

/** The folder of the export itself. */
function placeOf({ pathOf }: CliContext, destination: string, name: string): string {
  return parseBucketLocation(destination) === undefined
    ? join(resolve(pathOf(destination)), name)
    : joinLocation(destination, name);
}

/** The name becomes a folder's and a file's name, here and at whoever receives it. */
function checkName(name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  const isFit = /^(?!\.{1,2}$)[^/\x00-\x1f\x7f]+$/.test(name) && Buffer.byteLength(name) <= 200;
  if (isFit) return name;
  if (name === "")
    throw new LongshoreError("InvalidArgument", "the source has no base name", {
      hint: "give the export a --name",
    });
  throw new LongshoreError("InvalidArgument", `${JSON.stringify(name)} can't be an export's name`, {
    hint: "give a --name of at most 200 bytes without / and control characters",
  });
}

/** Throws InvalidArgument where the folder is not there: it would be missed only when memory runs short. */
function checkScratch(folder: string): string {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return resolve(folder);
  throw new LongshoreError("InvalidArgument", `--scratch ${folder} is no folder`, {
    hint: "name one that exists",
  });
}

function checkLevel(
  level: number,
  format: { name: string; levels: { min: number; max: number } | undefined },
): void {
  if (format.levels === undefined || (level >= format.levels.min && level <= format.levels.max)) return;
  const { min, max } = format.levels;
  throw new LongshoreError(
    "InvalidArgument",
    `--level ${level} is not ${min} to ${max}, as ${format.name} takes`,
  );
}
