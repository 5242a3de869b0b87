/** Turns results into the page that people read; pure, so that it is tested without running anything. */
import type { Result } from "./contest.ts";
import { MEMORY_GOAL_BYTES, timeGoal } from "./goals.ts";
import type { Host } from "./host.ts";
import type { Sample } from "./measure.ts";
import { median, medianRatio } from "./statistics.ts";
import type { Outcome } from "./works.ts";

export interface Report {
  readonly host: Host;
  readonly scale: number;
  readonly runs: number;
  readonly meter: string;
  readonly fileSystem: string;
  readonly versions: readonly string[];
  readonly missing: readonly string[];
  readonly outcomes: readonly Outcome[];
}

const NOTHING = "–";
const MIB = 1024 * 1024;
const HEADINGS = ["work", "tool", "median s", "min–max", "cpu s", "peak MiB", "ratio", "goal", "met?"];

export function markdownReport(report: Report): string {
  return `${heading(report)}\n\n${table(report.outcomes)}\n\n${notes(report)}\n`;
}

function heading({ host, fileSystem, versions, missing }: Report): string {
  const machine = `${host.processor}, ${host.cores} cores, ${host.memoryGib} GiB, ${host.kernel}, files on ${fileSystem}`;
  const absent = missing.length === 0 ? [] : [`Not run, since not installed: ${missing.join(", ")}.`];
  return [
    `## Measured on ${host.date}`,
    "",
    `${machine}; Node ${host.node}; ${versions.join("; ")}.`,
    ...absent,
  ].join("\n");
}

function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap((outcome) => outcome.results.map((result) => row(outcome, result)));
  return [HEADINGS, HEADINGS.map(() => "---"), ...rows].map(markdownRow).join("\n");
}

function row(outcome: Outcome, result: Result): readonly string[] {
  const start = [`${outcome.work}: ${outcome.title}`, result.label];
  if (result.failure !== undefined)
    return [...start, "failed", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, "no"];
  const seconds = secondsOf(result.samples);
  const peak = Math.max(...result.samples.map((sample) => sample.peakBytes));
  return [
    ...start,
    median(seconds).toFixed(2),
    `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}`,
    median(result.samples.map((sample) => sample.cpuSeconds)).toFixed(2),
    (peak / MIB).toFixed(0),
    ...judgement(outcome, result, peak),
  ];
}

/** Ratio, goal, met: a peer's row judges Longshore's time beside it, Longshore's own row its memory. */
function judgement({ work, results }: Outcome, result: Result, peak: number): readonly string[] {
  if (result.name === "longshore")
    return [NOTHING, `< ${MEMORY_GOAL_BYTES / MIB} MiB`, yesOrNo(peak < MEMORY_GOAL_BYTES)];
  const ours = results.find(({ name, failure }) => name === "longshore" && failure === undefined);
  const ratio = medianRatio(secondsOf(ours?.samples ?? []), secondsOf(result.samples));
  const goal = timeGoal(work, result.name);
  return [
    ratio === undefined ? NOTHING : ratio.toFixed(3),
    goal === undefined ? NOTHING : `≤ ${goal.toFixed(3)}`,
    ratio === undefined || goal === undefined ? NOTHING : yesOrNo(ratio <= goal),
  ];
}

function notes({ host, scale, runs, meter, outcomes }: Report): string {
  const failures = outcomes.flatMap(({ work, results }) =>
    results.flatMap(({ label, failure }) =>
      failure === undefined ? [] : [`- **${work}, ${label} failed**: ${failure.replaceAll(/\s+/g, " ")}`],
    ),
  );
  return [
    ...failures,
    ...(scale === 1 ? [] : [`- Run at scale ${scale}: the goals are meant for scale 1.`]),
    `- ${runs} rounds after one warm-up, the tools in turn; the data read into the page cache before each run; all output flushed to disk (\`sync -f\`) inside the timed span.`,
    "- Ratio: Longshore's time divided by this tool's in the same round, then the median over the rounds. Goal and met? of Longshore's own row are of its memory.",
    `- cpu s: median of user and system time, all processes together. Peak: highest of all rounds, of the largest single process where a tool has several; ${meter}.`,
    `- Load average of the machine before the start: ${host.load.toFixed(2)}; the figures are fair to nobody unless it is near zero.`,
    "- Every tool's result was verified once, outside the timed span.",
  ].join("\n");
}

function secondsOf(samples: readonly Sample[]): readonly number[] {
  return samples.map((sample) => sample.seconds);
}

function yesOrNo(met: boolean): string {
  return met ? "yes" : "no";
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
}
