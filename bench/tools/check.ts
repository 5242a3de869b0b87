/** Proofs that tools share: counts against the plan of the data, and a tar compared byte by byte with its source. */
import { BenchError } from "../bench-error.ts";
import { runScript } from "../children.ts";
import type { Job } from "./tool.ts";

/** Throws with both figures, so that a wrong peer is seen to be wrong rather than fast. */
export function expectCount(what: string, found: unknown, expected: number): void {
  if (Number(found) !== expected)
    throw new BenchError(`${what}: expected ${expected}, found ${String(found)}`);
}

/** `decompress` writes the tar to standard output and finds the result in $OUT; `extra` counts entries beyond those of the data. */
export async function expectSameTar(
  job: Job,
  decompress: string,
  extra: number,
  signal: AbortSignal,
): Promise<void> {
  const script = `${decompress} | tar -C "$SOURCE" --compare -vf - | wc -l`;
  const lines = await runScript({ script, env: { SOURCE: job.data.path, OUT: job.out } }, signal);
  expectCount("entries in the archive", lines.trim(), job.data.files + job.data.folders + extra);
}
