/** The machine and the versions, without which a figure means nothing to the next reader. */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { runScript } from "./children.ts";

export interface Host {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  /** Of the last minute; figures from a machine that works for others too are worth little. */
  readonly load: number;
}

export function describeHost(now: Date): Host {
  return {
    date: now.toISOString().slice(0, 10),
    processor: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    kernel: `${type()} ${release()}`,
    node: process.version,
    load: loadavg()[0] ?? 0,
  };
}

/** Its kind, since on tmpfs a flush costs nothing. */
export async function fileSystemOf(path: string, signal: AbortSignal): Promise<string> {
  return (
    await runScript({ script: 'stat -f -c %T "$BENCH_PATH"', env: { BENCH_PATH: path } }, signal)
  ).trim();
}
