/** `npm run bench`: measures Longshore beside what people use today, and says which goals it meets. */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BenchError, UsageError } from "./bench-error.ts";
import { writeSection } from "./generated-section.ts";
import { describeHost, fileSystemOf } from "./host.ts";
import { isBucketWork, runBucketWork } from "./buckets/works.ts";
import { BUCKET_PEERS, bucketServer } from "./buckets/peers.ts";
import { runDownload } from "./download.ts";
import { chooseMeter } from "./measure.ts";
import { parseOptions, USAGE } from "./options.ts";
import type { Options } from "./options.ts";
import { markdownReport } from "./report.ts";
import type { Report } from "./report.ts";
import { duplicityFull } from "./tools/duplicity.ts";
import { longshoreTool } from "./tools/longshore.ts";
import { rcloneCopy } from "./tools/rclone.ts";
import { resticBackup } from "./tools/restic.ts";
import { tarZstd } from "./tools/tar-zstd.ts";
import type { Tool } from "./tools/tool.ts";
import { openWorkFolder } from "./work-folder.ts";
import { runWork } from "./works.ts";
import type { Bench, Outcome } from "./works.ts";

const PEER_TOOLS: readonly Tool[] = [tarZstd, resticBackup, rcloneCopy, duplicityFull];
const LONGSHORE = join(import.meta.dirname, "..", "bin", "longshore");

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const interruption = new AbortController();
  const interrupt = (): void => {
    if (interruption.signal.aborted) return;
    interruption.abort(new BenchError("interrupted"));
    say("interrupted; cleaning up");
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);
  // Whoever read us is gone; without a listener Node would end at once and leave everything behind.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", interrupt);
  try {
    const options = parseOptions(args);
    if (options === "help") {
      process.stdout.write(USAGE);
      return 0;
    }
    return await bench(options, interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) return 130;
    if (!(error instanceof BenchError)) throw error;
    say(error instanceof UsageError ? `${error.message}\n${USAGE}` : error.message);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function bench(options: Options, signal: AbortSignal): Promise<number> {
  const host = describeHost(new Date());
  const meter = await chooseMeter();
  const { tools, installed, versions, missing } = await findTools(options, signal);
  const { scale, runs } = options;
  const program = programOf(options);
  const measured = await measureWorks({ options, meter, tools, installed, program, say }, signal);
  await publish(options, {
    host,
    scale,
    runs,
    meter: meter.describe,
    versions,
    missing,
    ...measured,
  });
  return measured.outcomes.some(({ results }) => results.some(({ failure }) => failure !== undefined))
    ? 1
    : 0;
}

/** The work folder is gone before anything is published. */
async function measureWorks(bench: Omit<Bench, "folder">, signal: AbortSignal) {
  const folder = await openWorkFolder(bench.options.dir, bench.options.keep);
  try {
    const outcomes: Outcome[] = [];
    for (const work of bench.options.works) {
      if (work === "download") outcomes.push(...(await runDownload({ ...bench, folder }, signal)));
      else if (isBucketWork(work))
        outcomes.push(...(await runBucketWork(work, { ...bench, folder }, signal)));
      else outcomes.push(await runWork(work, { ...bench, folder }, signal));
    }
    return { fileSystem: await fileSystemOf(folder.data, signal), outcomes };
  } finally {
    await folder.remove();
  }
}

function programOf(options: Options): string {
  return resolve(options.longshore ?? LONGSHORE);
}

async function findTools(options: Options, signal: AbortSignal) {
  const isWanted = ({ name }: { readonly name: string }): boolean =>
    options.peers.some((peer) => peer === name);
  const tools = await present([longshoreTool(programOf(options)), ...PEER_TOOLS.filter(isWanted)], signal);
  const isForBuckets = options.works.some(isBucketWork);
  const peers = await present(isForBuckets ? BUCKET_PEERS.filter(isWanted) : [], signal);
  const server = await present(isForBuckets ? [bucketServer] : [], signal);
  const missing = [...tools.missing, ...peers.missing, ...server.missing];
  for (const name of missing) say(`${name} is not installed and is left out`);
  return {
    tools: tools.found,
    installed: [...tools.found, ...peers.found].map(({ name }) => name),
    versions: [...tools.versions, ...peers.versions, ...server.versions],
    missing,
  };
}

interface Findable {
  readonly name: string;
  readonly version: (signal: AbortSignal) => Promise<string | undefined>;
}

async function present<T extends Findable>(candidates: readonly T[], signal: AbortSignal) {
  const asked = await Promise.all(
    candidates.map(async (tool) => ({ tool, version: await tool.version(signal) })),
  );
  return {
    found: asked.flatMap(({ tool, version }) => (version === undefined ? [] : [tool])),
    versions: asked.flatMap(({ version }) => (version === undefined ? [] : [version])),
    missing: asked.flatMap(({ tool, version }) => (version === undefined ? [tool.name] : [])),
  };
}

async function publish(options: Options, report: Report): Promise<void> {
  const page = markdownReport(report);
  process.stdout.write(page);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (options.write !== undefined) await writeSection(options.write, page);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
