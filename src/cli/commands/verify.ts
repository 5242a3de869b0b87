/** `longshore verify`: reads every byte of an export and says whether it is what the manifest says. */
import { resolve } from "node:path";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { byteStringOfText, displayName, textOf } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { parseBucketLocation } from "../../domain/location.ts";
import { formatBytes } from "../../domain/quantity.ts";
import type { Problem, StatementState, VerifyReport } from "../../engine/verify/report.ts";
import type { CliContext } from "../context.ts";
import { showProgress } from "../progress.ts";

export function verifyCommand(context: CliContext): CommandUnknownOpts {
  return new Command("verify")
    .description("read every byte of an export and compare it with its manifest")
    .argument(
      "<LOCATION>",
      "the export's folder: a path, or a file://, s3://, az:// or gs:// URL; with --manifest an archive file",
    )
    .option("--manifest <FILE>", "check LOCATION, a joined archive, part by part against this manifest.json")
    .option("--public-key <FILE>", "the Ed25519 key in PEM that must have signed the export")
    .option("--json", "one JSON document on stdout instead of text")
    .addHelpText("after", help)
    .action(async (location, options) => {
      const started = performance.now();
      const bar = { done: 0, total: 0, open: false };
      await using progress = showProgress(context.stderr, "verifying", () => bar, Date.now);
      const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes: number }): void => {
        bar.done = bytes;
        bar.total = totalBytes;
      };
      const report = await run(context, location, { ...options, onProgress });
      await progress.clear();
      const seconds = Math.round(performance.now() - started) / 1000;
      const text =
        options.json === true
          ? jsonText(location, report, seconds)
          : reportText(location, report, options.manifest === undefined);
      await context.stdout.write(text);
      if (report.state === "Verified") return;
      const onlySignature = report.problems.every((problem) => problem.kind === "statement");
      if (onlySignature)
        throw new LongshoreError("StatementInvalid", `the signature of ${location} does not hold`);
      const count =
        report.problemCount === 1 ? "one thing that is" : `${report.problemCount} things that are`;
      throw new LongshoreError(
        "Damaged",
        `${location} has ${count} not as its manifest says`,
        hintFor(report, options.manifest === undefined),
      );
    });
}

const help = `
Examples:
  longshore verify /exports/reports
  longshore verify --public-key issuer.pem /exports/reports
  longshore verify reports.tar.zst --manifest manifest.json

Without --public-key a signature shows only that nothing changed since it was made, not who made it.
It exits with 0 if every byte is right, else with 1.`;

interface Options {
  readonly manifest?: string;
  readonly publicKey?: string;
  readonly onProgress: (progress: { bytes: number; totalBytes: number }) => void;
}

async function run(
  { drivers, pathOf, signal }: CliContext,
  location: string,
  options: Options,
): Promise<VerifyReport> {
  const { onProgress } = options;
  if (options.manifest !== undefined) {
    if (options.publicKey !== undefined)
      throw new LongshoreError(
        "InvalidArgument",
        "--public-key is for the folder of an export, not for --manifest",
      );
    const { verifyJoinedFile } = await import("../../engine/verify/verify-joined-file.ts");
    return verifyJoinedFile(
      { file: pathOf(location), manifest: localFile(pathOf, options.manifest), onProgress },
      signal,
    );
  }
  const publicKey =
    options.publicKey === undefined ? undefined : await readKey(resolve(options.publicKey), signal);
  const { verifyExport } = await import("../../engine/verify/verify-export.ts");
  const destination = await drivers.openDestination(location);
  return verifyExport(
    { destination, formatOf: (name) => drivers.format(name), publicKey, onProgress },
    signal,
  );
}

/** Throws InvalidArgument of a bucket's URL. */
function localFile(pathOf: CliContext["pathOf"], manifest: string): string {
  if (parseBucketLocation(manifest) === undefined) return resolve(pathOf(manifest));
  throw new LongshoreError("InvalidArgument", `--manifest ${manifest} is no file of this machine`, {
    hint: "fetch it first, or verify the export's folder in the bucket",
  });
}

async function readKey(file: string, signal: AbortSignal): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  try {
    return await readFile(file, { encoding: "utf8", signal });
  } catch (cause) {
    throw new LongshoreError("InvalidKey", `the public key ${file} can't be read`, { cause });
  }
}

/** Packing again mends parts; what is merely too much goes away otherwise. */
function hintFor({ problems }: VerifyReport, isFolder: boolean): { hint: string } | undefined {
  if (!isFolder) return { hint: "download it again" };
  if (problems.every((problem) => problem.kind === "leftover"))
    return { hint: "run the same `longshore export` again, it clears them away" };
  if (problems.every((problem) => problem.kind === "unlisted"))
    return { hint: "remove them, or ask who put them there" };
  return undefined;
}

function jsonText(location: string, report: VerifyReport, seconds: number): string {
  const { state, files, parts, bytes, problems, problemCount, statement } = report;
  const named = problems.map(({ object, entry, ...rest }) => ({
    ...rest,
    object: shown(object),
    ...(entry === undefined ? undefined : { entry: shown(entry) }),
  }));
  return `${JSON.stringify({ location, state, files, parts, bytes, problems: named, problemCount, statement, seconds })}\n`;
}

/** The name itself where it is text, else as it is displayed. */
const shown = (name: string): string => textOf(name) ?? displayName(name);

const mostShown = 20;

function reportText(location: string, report: VerifyReport, isFolder: boolean): string {
  const { state, files, parts, bytes, problems, problemCount, entryCount, statement } = report;
  if (state === "Verified") {
    const trust = isFolder ? `\n${statementText(statement)}` : "";
    return `${location}: ${files.toLocaleString("en")} files in ${parts} parts, ${formatBytes(bytes)}: every byte is right${trust}\n`;
  }
  const entries = problems.filter((problem) => problem.kind === "entry");
  const others = problems.filter((problem) => problem.kind !== "entry");
  const lines = [
    ...listed(others, problemCount - entryCount, "problems"),
    ...listed(entries, entryCount, "damaged entries"),
  ];
  return `${lines.join("\n")}\n`;
}

function listed(problems: readonly Problem[], count: number, what: string): string[] {
  const lines = problems.slice(0, mostShown).map(problemLine);
  return count > lines.length
    ? [...lines, `… and ${count - lines.length} more ${what} (--json lists up to a thousand)`]
    : lines;
}

function problemLine({ kind, object, part, entry, frame, message }: Problem): string {
  const name = displayName(object);
  if (kind === "entry" && entry !== undefined)
    return `damaged entry: ${displayName(entry)} in part ${part} (${name}): ${message}`;
  if (kind === "frame") return `damaged frame: ${frame} of part ${part} (${name}): ${message}`;
  return `${part === undefined ? "" : `part ${part}: `}${name}: ${message}`;
}

function statementText(statement: StatementState): string {
  switch (statement.state) {
    case "absent":
      return "no signed statement: this finds damage, not forgery";
    case "signed":
      return `signed for ${displayName(byteStringOfText(statement.subject))} by the key ${statement.key}; without --public-key that shows integrity, not who it was`;
    case "trusted":
      return `signed for ${displayName(byteStringOfText(statement.subject))} by the key that was given (${statement.key})`;
    case "invalid":
      return "the signature does not hold";
  }
}
