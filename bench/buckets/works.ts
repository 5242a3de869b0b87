/** The works with an S3 server: a folder sent to a bucket, and a bucket's objects fetched, by every tool in turn. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { runScript } from "../children.ts";
import { contest, type Contestant, type Result } from "../contest.ts";
import { type DataSet, prepareDataSet, type Recipe } from "../data-set.ts";
import type { Sample } from "../measure.ts";
import type { Work } from "../options.ts";
import { bucketBigRecipe, bucketObjectsRecipe, bucketSmallRecipe } from "../recipes.ts";
import { type Bench, type Outcome, SETTLING_MS, warmPageCache } from "../works.ts";
import { removeTree } from "../work-folder.ts";
import { checkFetched, checkSent } from "./check.ts";
import { writeConfigurations } from "./environment.ts";
import { type Bucket, type BucketServer, emptyBucket, missingServer, startBucketServer } from "./server.ts";
import { type BucketJob, type BucketTool, type Form, NAME } from "./tool.ts";
import { fetchingTools, sendingTools } from "./tools.ts";

export type BucketWork = "bucket-big" | "bucket-small" | "bucket-read";

export const isBucketWork = (work: Work): work is BucketWork => work.startsWith("bucket-");

interface Setting {
  readonly work: BucketWork;
  readonly bench: Bench;
  readonly server: BucketServer;
}

/** None where the server is not installed. Every run has a bucket of its own. */
export async function runBucketWork(
  work: BucketWork,
  bench: Bench,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const reason = missingServer();
  if (reason !== false) {
    bench.say(`${work} is left out: ${reason}`);
    return [];
  }
  await using server = await startBucketServer(bench.folder.results);
  const setting = { work, bench, server };
  const { scale } = bench.options;
  switch (work) {
    case "bucket-big":
      return await send(setting, bucketBigRecipe(scale), () => true, signal);
    case "bucket-small":
      return [
        // What takes a request for each file would take many minutes for so many.
        ...(await send(setting, bucketSmallRecipe(scale), ({ form }) => form === "archive", signal)),
        ...(await send(setting, bucketObjectsRecipe(scale), () => true, signal)),
      ];
    case "bucket-read":
      return [
        ...(await fetchBack(setting, bucketBigRecipe(scale), signal)),
        ...(await fetchBack(setting, bucketObjectsRecipe(scale), signal)),
      ];
  }
}

async function send(
  setting: Setting,
  recipe: Recipe,
  isChosen: (tool: BucketTool) => boolean,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const data = await prepare(setting, recipe, signal);
  const tools = installed(setting, sendingTools(programOf(setting))).filter(isChosen);
  const contestants = tools.map((tool) => ({
    tool,
    run: async (verify: boolean): Promise<Sample> => {
      const bucket = await setting.server.newBucket();
      const job = await newJob(setting, { data, bucket, folder: `${NAME}/` });
      await warmPageCache(data, signal);
      const sample = await measure(setting, tool, job, signal);
      if (verify) await checkSent(tool, job, signal);
      // Small objects take no room, and removing them would take longer than the run.
      if (tool.form === "archive" || data.files < 100) await emptyBucket(bucket, signal);
      return sample;
    },
  }));
  return hold(setting, `${data.title} to a bucket`, contestants, signal);
}

async function fetchBack(setting: Setting, recipe: Recipe, signal: AbortSignal): Promise<readonly Outcome[]> {
  const data = await prepare(setting, recipe, signal);
  const bucket = await setting.server.newBucket();
  const program = programOf(setting);
  const sender = sendingTools(program).find(({ name, form }) => name === "longshore" && form === "files");
  if (sender === undefined) return [];
  const sending = await newJob(setting, { data, bucket, folder: `${NAME}/` });
  await runScript(sender.command(sending), signal);
  const contestants = installed(setting, fetchingTools(program)).map((tool) => ({
    tool,
    run: async (verify: boolean): Promise<Sample> => {
      const job = await newJob(setting, { data, bucket, folder: `${NAME}/files/` });
      const sample = await measure(setting, tool, job, signal);
      if (verify) await checkFetched(tool, job, signal);
      await removeTree(job.out);
      return sample;
    },
  }));
  const outcomes = await hold(setting, `${data.title} from a bucket`, contestants, signal);
  if (data.files < 100) await emptyBucket(bucket, signal);
  return outcomes;
}

/** A peer's rows stand beside both of ours, for they were measured in the same rounds. */
async function hold(
  { work, bench }: Setting,
  title: string,
  entrants: readonly {
    readonly tool: BucketTool;
    readonly run: (verify: boolean) => Promise<Sample>;
  }[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const contestants = entrants.map(({ tool: { name, label }, run }): Contestant => ({ name, label, run }));
  const say = (line: string): void => bench.say(`${work}: ${title}: ${line}`);
  const results = await contest(contestants, { measured: bench.options.runs, warmUp: true, say }, signal);
  const beside = (form: Form): readonly Result[] =>
    results.filter((result, index) => {
      const tool = entrants[index]?.tool;
      // An archive is worth the work of the pipelines; who wants files has no use for one.
      return tool?.form === form || (tool?.form === "files" && result.name !== "longshore");
    });
  const outcomes = [
    { work, title: `${title}, as one tar.zst`, results: beside("archive") },
    { work, title: `${title}, as files`, results: beside("files") },
  ];
  return outcomes.filter((outcome) => outcome.results.some(({ name }) => name === "longshore"));
}

async function measure(
  { bench, server }: Setting,
  tool: BucketTool,
  job: BucketJob,
  signal: AbortSignal,
): Promise<Sample> {
  const before = await server.cpuSeconds();
  const place = { folder: bench.folder.results, flush: bench.folder.results };
  const sample = await bench.meter.measure(tool.command(job), place, signal);
  const spent = (await server.cpuSeconds()) - before;
  bench.say(`${tool.label}: processor ${sample.cpuSeconds.toFixed(2)} s, the server's ${spent.toFixed(2)} s`);
  return { ...sample, cpuSeconds: sample.cpuSeconds + spent };
}

async function prepare({ work, bench }: Setting, recipe: Recipe, signal: AbortSignal): Promise<DataSet> {
  bench.say(`${work}: preparing data`);
  const data = await prepareDataSet(bench.folder.data, recipe, signal);
  await setTimeout(SETTLING_MS, undefined, { signal });
  return data;
}

async function newJob(
  { work, bench }: Setting,
  given: { readonly data: DataSet; readonly bucket: Bucket; readonly folder: string },
): Promise<BucketJob> {
  const out = join(bench.folder.results, `${work}-out`);
  await removeTree(out);
  await mkdir(out);
  const job = { ...given, out, temporary: join(bench.folder.results, `${work}-tmp`) };
  await writeConfigurations(job);
  return job;
}

const installed = ({ bench }: Setting, tools: readonly BucketTool[]): readonly BucketTool[] =>
  tools.filter(({ name }) => bench.installed.includes(name));

const programOf = ({ bench }: Setting): string => bench.program;
