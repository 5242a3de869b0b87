/** `longshore destination check`: whether a place can keep exports, found out on the place itself. */
import { randomBytes } from "node:crypto";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CheckResult, PlaceToCheck } from "../../engine/checking/run-checks.ts";
import type { CliContext } from "../context.ts";
import { exitCodes, exitWith, oneLine } from "../outcome.ts";

export interface CheckHost {
  /** `name` is that of a new folder in the location. */
  readonly openPlace: (location: string, name: string) => Promise<PlaceToCheck>;
}

/** How long removing may take. */
const clearTime = 60_000;

export function destinationCommand(context: CliContext, host: CheckHost): CommandUnknownOpts {
  const command = new Command("destination").description("find out about places for exports");
  command
    .command("check")
    .description("try a bucket or folder as a destination, and report what it can do")
    .argument("<LOCATION>", "a path, or a file://, s3://, az:// or gs:// URL")
    .option("--json", "one JSON document when all is done")
    .addHelpText("after", help)
    .action(async (location, { json }) => {
      const name = `.longshore-check-${randomBytes(6).toString("hex")}`;
      const place = await host.openPlace(location, name);
      // What it writes is removed also after Ctrl-C.
      context.giveTime(clearTime);
      const report = await checkPlace(place, json === true ? undefined : context.stdout, context.signal);
      if (json === true) await context.stdout.write(`${JSON.stringify(report)}\n`);
      exitWith(report.ok ? exitCodes.done : exitCodes.failed);
    });
  return command;
}

const help = `
Examples:
  longshore destination check 's3://handover/2026?region=eu-west-1'
  longshore destination check --json /mnt/handover

Everything is written below a new folder, .longshore-check-…, and removed again, also after Ctrl-C. "not offered" names
what exports can do without. Exit codes: 0 everything that is needed works, 1 it does not.`;

interface CheckReport {
  readonly location: string;
  readonly ok: boolean;
  readonly checks: readonly CheckResult[];
  /** What the check wrote and could not remove. */
  readonly leftBehind: readonly string[];
}

/** Whatever happens, what was written is removed. */
async function checkPlace(
  place: PlaceToCheck,
  output: CliContext["stdout"] | undefined,
  signal: AbortSignal,
): Promise<CheckReport> {
  const { runChecks } = await import("../../engine/checking/run-checks.ts");
  const checks: CheckResult[] = [];
  let leftBehind: readonly string[] = [];
  await place.reach(signal);
  try {
    for await (const result of runChecks(place, signal)) {
      checks.push(result);
      await output?.write(lineOf(result));
    }
  } finally {
    leftBehind = await place.clear(AbortSignal.timeout(clearTime));
    for (const left of leftBehind.slice(0, mostNamed))
      await output?.write(`left         ${oneLine(left)}: remove it\n`);
  }
  const failed = checks.filter(({ outcome }) => outcome === "failed").length;
  const ok = failed === 0 && leftBehind.length === 0;
  await output?.write(`${oneLine(place.location)}: ${summary(ok, failed, leftBehind.length)}\n`);
  return { location: place.location, ok, checks, leftBehind };
}

const mostNamed = 10;

function lineOf(result: CheckResult): string {
  const begin = `${result.outcome.padEnd(12)} ${result.name}`;
  switch (result.outcome) {
    case "ok":
      return `${begin}\n`;
    case "not offered":
      return `${begin}: ${oneLine(result.message)}\n`;
    case "failed":
      return `${begin}: ${oneLine(result.message)}: ${oneLine(result.hint)}\n`;
  }
}

function summary(ok: boolean, failed: number, left: number): string {
  if (ok) return "everything that exports need works; what the check wrote is removed";
  const rest =
    left === 0 ? "what the check wrote is removed" : `${left} things that the check wrote are left`;
  return failed === 0 ? rest : `${failed} ${failed === 1 ? "check" : "checks"} failed; ${rest}`;
}
