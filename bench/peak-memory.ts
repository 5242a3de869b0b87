/** Peak memory of a process group by sampling, for machines without GNU time; it can miss a peak shorter than its pause. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

const PAUSE_MS = 25;

/** Watches until aborted, then gives the highest resident size, in bytes, that any one process of the group reached. */
export async function watchPeakMemory(group: number, signal: AbortSignal): Promise<number> {
  let peak = 0;
  while (!signal.aborted) {
    for (const pid of await membersOf(group)) peak = Math.max(peak, await highWaterOf(pid));
    await setTimeout(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  return peak;
}

async function membersOf(group: number): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readGone(`/proc/${pid}/stat`)));
  return pids.filter((_, index) => groupOf(stats[index] ?? "") === group);
}

/** The program's name comes before it in brackets and may hold anything, brackets too. */
function groupOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
}

async function highWaterOf(pid: string): Promise<number> {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(await readGone(`/proc/${pid}/status`))?.[1];
  return Number(kib ?? 0) * 1024;
}

/** A process may end between listing and reading. */
async function readGone(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
