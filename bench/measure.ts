/** Times one command with its output flushed to disk, and asks the kernel what it cost. */
import { access, constants, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BenchError } from "./bench-error.ts";
import { bashArguments, runScript, startGroup } from "./children.ts";
import type { Command } from "./children.ts";
import { watchPeakMemory } from "./peak-memory.ts";

export interface Sample {
  readonly seconds: number;
  /** User and system, all processes of the command together. */
  readonly cpuSeconds: number;
  /** Of the largest single process: that is what the kernel adds up to. */
  readonly peakBytes: number;
}

export interface Meter {
  readonly describe: string;
  /** `folder` takes the meter's own notes; `flush` is any path on the file system that holds the output. */
  readonly measure: (
    command: Command,
    place: { readonly folder: string; readonly flush: string },
    signal: AbortSignal,
  ) => Promise<Sample>;
}

const GNU_TIME = "/usr/bin/time";

/** GNU time where it is installed, else sampling. */
export async function chooseMeter(): Promise<Meter> {
  const installed = await access(GNU_TIME, constants.X_OK).then(
    () => true,
    () => false,
  );
  return installed ? gnuTimeMeter : samplingMeter;
}

const gnuTimeMeter: Meter = {
  describe: "processor time and peak memory by GNU time (wait4)",
  async measure(command, { folder, flush }, signal) {
    const notes = join(folder, "time.txt");
    const argv = bashArguments(withFlush(command, flush), [GNU_TIME, "-f", "%U %S %M", "-o", notes]);
    await settle(flush, signal);
    const start = performance.now();
    await startGroup(argv, signal).ended;
    const seconds = (performance.now() - start) / 1000;
    const [user, system, kib] = (await readFile(notes, "utf8")).trim().split(" ").map(Number);
    if (user === undefined || system === undefined || kib === undefined)
      throw new BenchError(`${GNU_TIME} is not GNU time`);
    return { seconds, cpuSeconds: user + system, peakBytes: kib * 1024 };
  },
};

const samplingMeter: Meter = {
  describe:
    "GNU time is not installed: processor time by the shell, peak memory by sampling VmHWM in /proc, which can miss a short peak",
  async measure(command, { folder, flush }, signal) {
    const notes = join(folder, "times.txt");
    const flushed = withFlush(command, flush);
    const noted = {
      script: `trap 'times > "$BENCH_TIMES"' EXIT\n${flushed.script}`,
      env: { ...flushed.env, BENCH_TIMES: notes },
    };
    await settle(flush, signal);
    const ended = new AbortController();
    const start = performance.now();
    const child = startGroup(bashArguments(noted, []), signal);
    const peak = watchPeakMemory(child.pid, ended.signal);
    try {
      await child.ended;
    } finally {
      ended.abort();
    }
    const seconds = (performance.now() - start) / 1000;
    return { seconds, cpuSeconds: sumOfTimes(await readFile(notes, "utf8")), peakBytes: await peak };
  },
};

/** The same flush for every tool, whatever it flushed itself: else whoever leaves most in the page cache would win. */
function withFlush(command: Command, flush: string): Command {
  return { script: `${command.script}\nsync -f "$BENCH_FLUSH"`, env: { ...command.env, BENCH_FLUSH: flush } };
}

/** Nobody shall pay for what the run before, or its removal, left unwritten. */
async function settle(flush: string, signal: AbortSignal): Promise<void> {
  await runScript({ script: 'sync -f "$BENCH_FLUSH"', env: { BENCH_FLUSH: flush } }, signal);
}

/** bash prints four figures like 0m1.234s: its own user and system time, then its children's. */
function sumOfTimes(text: string): number {
  return [...text.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}
