/** The works of the goals that make exports: which data, which tools, and what one run of each is. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { runScript } from "./children.ts";
import { contest } from "./contest.ts";
import type { Contestant, Result } from "./contest.ts";
import { prepareDataSet } from "./data-set.ts";
import type { DataSet } from "./data-set.ts";
import type { Meter, Sample } from "./measure.ts";
import type { Options, Work } from "./options.ts";
import { bigRecipe, manyRecipe, smallRecipe } from "./recipes.ts";
import type { Job, Measured, Tool, ToolName } from "./tools/tool.ts";
import { removeTree } from "./work-folder.ts";
import type { WorkFolder } from "./work-folder.ts";

export interface Bench {
  readonly options: Options;
  readonly folder: WorkFolder;
  readonly meter: Meter;
  /** Those that are installed, Longshore first. */
  readonly tools: readonly Tool[];
  /** Longshore's. */
  readonly program: string;
  /** Names of all that may be measured, those that work with buckets alone as well. */
  readonly installed: readonly ToolName[];
  readonly say: (line: string) => void;
}

export interface Outcome {
  readonly work: Work;
  readonly title: string;
  readonly results: readonly Result[];
}

/** Those that make an export. */
export type PackingWork = "big" | "small" | "unchanged" | "many";

/** Longshore refuses to reuse a part whose files changed within two seconds before they were planned. */
export const SETTLING_MS = 2500;

export async function runWork(work: PackingWork, bench: Bench, signal: AbortSignal): Promise<Outcome> {
  bench.say(`${work}: preparing data`);
  const data = await prepareDataSet(bench.folder.data, recipeOf(work, bench.options), signal);
  await setTimeout(SETTLING_MS, undefined, { signal });
  const contestants = contestantsOf(work, bench, data).map((contestant) => warmed(work, contestant, data));
  const measured = work === "many" ? 1 : bench.options.runs;
  try {
    const results = await contest(
      contestants,
      { measured, warmUp: work !== "many", say: (line) => bench.say(`${work}: ${line}`) },
      signal,
    );
    return { work, title: work === "unchanged" ? `${data.title}, unchanged` : data.title, results };
  } finally {
    for (const tool of bench.tools) await removeTree(outOf(bench, tool));
  }
}

function recipeOf(work: PackingWork, options: Options) {
  switch (work) {
    case "big":
      return bigRecipe(options.scale);
    case "small":
    case "unchanged":
      return smallRecipe(options.scale);
    case "many":
      return manyRecipe(options.entries);
  }
}

function contestantsOf(work: PackingWork, bench: Bench, data: DataSet): readonly Contestant[] {
  switch (work) {
    case "big":
    case "small":
      return bench.tools.map((tool) => freshContestant(bench, tool, data));
    case "unchanged":
      return bench.tools.flatMap((tool) =>
        tool.again === undefined ? [] : [againContestant(bench, tool, tool.again, data)],
      );
    case "many":
      return bench.tools
        .filter((tool) => tool.name === "longshore")
        .map((tool) => freshContestant(bench, tool, data));
  }
}

function freshContestant(bench: Bench, tool: Tool, data: DataSet): Contestant {
  return {
    name: tool.name,
    label: tool.label,
    async run(verify, signal) {
      const job = await emptyJob(bench, tool, data);
      const sample = await measureOnce(bench, tool.fresh, job, signal);
      if (verify) await tool.fresh.check(job, signal);
      await removeTree(job.out);
      return sample;
    },
  };
}

/** The fresh run that "nothing changed since" speaks of is made once, and not timed. */
function againContestant(bench: Bench, tool: Tool, again: Measured, data: DataSet): Contestant {
  let before: Job | undefined;
  return {
    name: tool.name,
    label: tool.label,
    async run(verify, signal) {
      if (before === undefined) {
        before = await emptyJob(bench, tool, data);
        await measureOnce(bench, tool.fresh, before, signal);
      }
      const sample = await measureOnce(bench, again, before, signal);
      if (verify) await again.check(before, signal);
      return sample;
    },
  };
}

async function measureOnce(bench: Bench, measured: Measured, job: Job, signal: AbortSignal): Promise<Sample> {
  await measured.prepare?.(job, signal);
  return bench.meter.measure(measured.command(job), { folder: bench.folder.results, flush: job.out }, signal);
}

async function emptyJob(bench: Bench, tool: Tool, data: DataSet): Promise<Job> {
  const out = outOf(bench, tool);
  const temporary = join(bench.folder.results, `${tool.name}.tmp`);
  await removeTree(out);
  await mkdir(out);
  await mkdir(temporary, { recursive: true });
  return { data, out, temporary };
}

function outOf(bench: Bench, tool: Tool): string {
  return join(bench.folder.results, tool.name);
}

/** The data are read before every run: a system that drops pages early would make the first tool of a round pay for the next. */
function warmed(work: PackingWork, contestant: Contestant, data: DataSet): Contestant {
  if (work === "many") return contestant;
  return {
    ...contestant,
    run: async (isFirst, signal) => {
      await warmPageCache(data, signal);
      return contestant.run(isFirst, signal);
    },
  };
}

/** Through a pipe: tar reads no file when it sees that it writes to /dev/null. */
export async function warmPageCache(data: DataSet, signal: AbortSignal): Promise<void> {
  await runScript(
    { script: 'tar -C "$SOURCE" -cf - . | cat > /dev/null', env: { SOURCE: data.path } },
    signal,
  );
}
