/** rclone copy from one local folder to another: no archive and no compression, the plain way to move a tree. */
import { BenchError } from "../bench-error.ts";
import { runScript } from "../children.ts";
import type { Command } from "../children.ts";
import { expectCount } from "./check.ts";
import type { Job, Tool } from "./tool.ts";
import { firstLine } from "./version.ts";

export const rcloneCopy: Tool = {
  name: "rclone",
  label: "rclone copy",
  version: (signal) => firstLine("rclone version", signal),
  fresh: {
    command: (job) => rclone(job, 'rclone copy --quiet "$SOURCE" "$OUT/target"'),
    check: async (job, signal) => {
      const size: unknown = JSON.parse(
        await runScript(rclone(job, 'rclone size --quiet --json "$OUT/target"'), signal),
      );
      if (typeof size !== "object" || size === null || !("count" in size && "bytes" in size))
        throw new BenchError("rclone size says nothing of count and bytes");
      expectCount("files copied", size.count, job.data.files);
      expectCount("bytes copied", size.bytes, job.data.bytes);
    },
  },
};

/** A configuration of its own, empty: the user's may hold anything. */
function rclone(job: Job, script: string): Command {
  const env = {
    SOURCE: job.data.path,
    OUT: job.out,
    RCLONE_CONFIG: `${job.out}/rclone.conf`,
    RCLONE_CACHE_DIR: `${job.out}/cache`,
    TMPDIR: job.temporary,
  };
  return { script, env };
}
