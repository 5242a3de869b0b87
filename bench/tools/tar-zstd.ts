/** What people type today, and the bar that Longshore is held to: no digests, no index, no resume. */
import { expectSameTar } from "./check.ts";
import type { Tool } from "./tool.ts";
import { firstLine } from "./version.ts";

export const tarZstd: Tool = {
  name: "tar",
  label: "tar | zstd -3 -T0",
  version: (signal) =>
    firstLine(
      `printf '%s, zstd %s' "$(tar --version | sed 1q)" "$(zstd --version | grep -o 'v[0-9.]*')"`,
      signal,
    ),
  fresh: {
    command: (job) => ({
      script: 'tar -C "$SOURCE" -cf - . | zstd -3 -T0 -q -o "$OUT/archive.tar.zst"',
      env: { SOURCE: job.data.path, OUT: job.out },
    }),
    check: async (job, signal) => {
      // tar names the root too.
      await expectSameTar(job, 'zstd -dcq "$OUT/archive.tar.zst"', 1, signal);
    },
  },
};
