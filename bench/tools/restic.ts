/** restic backup with its defaults; the repository is made outside the timed span, its cache lies beside it. */
import { BenchError } from "../bench-error.ts";
import { runScript } from "../children.ts";
import type { Command } from "../children.ts";
import { expectCount } from "./check.ts";
import type { Job, Measured, Tool } from "./tool.ts";
import { firstLine } from "./version.ts";

const backup: Measured = {
  command: (job) => restic(job, 'restic backup --quiet "$SOURCE"'),
  check: async (job, signal) => {
    const stats: unknown = JSON.parse(await runScript(restic(job, "restic stats latest --json"), signal));
    if (typeof stats !== "object" || stats === null || !("total_size" in stats))
      throw new BenchError("restic stats says nothing of total_size");
    expectCount("bytes in the snapshot", stats.total_size, job.data.bytes);
    const files = await runScript(restic(job, 'restic ls --json latest | grep -c \'"type":"file"\''), signal);
    expectCount("files in the snapshot", files.trim(), job.data.files);
  },
};

export const resticBackup: Tool = {
  name: "restic",
  label: "restic backup",
  version: (signal) => firstLine("restic version", signal),
  fresh: {
    ...backup,
    prepare: async (job, signal) => {
      await runScript(restic(job, "restic init"), signal);
    },
  },
  again: backup,
};

function restic(job: Job, script: string): Command {
  const env = {
    SOURCE: job.data.path,
    RESTIC_REPOSITORY: `${job.out}/repository`,
    RESTIC_CACHE_DIR: `${job.out}/cache`,
    RESTIC_PASSWORD: "bench",
    TMPDIR: job.temporary,
  };
  return { script, env };
}
