/** What a running process has cost so far, by what the kernel says of it. */
import { readFile } from "node:fs/promises";

/** Of the clock that /proc counts in: 100 ticks a second on Linux, whatever the kernel's own is. */
const TICKS_PER_SECOND = 100;

/** User and system time of the process, in seconds. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The program's name comes first, in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that it ever had resident, in bytes. */
export async function peakBytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
