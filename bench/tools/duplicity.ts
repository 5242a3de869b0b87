/** A full duplicity backup without encryption: tar volumes with signatures, compressed by gzip. */
import { runScript } from "../children.ts";
import type { Command } from "../children.ts";
import { expectCount } from "./check.ts";
import type { Job, Tool } from "./tool.ts";
import { firstLine } from "./version.ts";

export const duplicityFull: Tool = {
  name: "duplicity",
  label: "duplicity full",
  version: (signal) => firstLine("duplicity --version", signal),
  fresh: {
    prepare: async (job, signal) => {
      await runScript(
        duplicity(job, 'mkdir -p "$OUT/target" "$OUT/archive" "$GNUPGHOME"; chmod 700 "$GNUPGHOME"'),
        signal,
      );
    },
    command: (job) =>
      duplicity(
        job,
        'duplicity full --no-encryption -v1 --archive-dir "$OUT/archive" "$SOURCE" "file://$OUT/target"',
      ),
    check: async (job, signal) => {
      const listing = duplicity(
        job,
        'duplicity list-current-files --no-encryption -v1 --archive-dir "$OUT/archive" "file://$OUT/target" | grep -c " [0-9][0-9][0-9][0-9] "',
      );
      // It names the root too.
      expectCount(
        "entries in the backup",
        (await runScript(listing, signal)).trim(),
        job.data.files + job.data.folders + 1,
      );
    },
  },
};

function duplicity(job: Job, script: string): Command {
  return {
    script,
    env: {
      SOURCE: job.data.path,
      OUT: job.out,
      GNUPGHOME: `${job.out}/gnupg`,
      TMPDIR: job.temporary,
      LC_ALL: "C",
    },
  };
}
