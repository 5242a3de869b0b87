/** Longshore by its command line alone, as its users meet it. */
import { access, constants, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BenchError } from "../bench-error.ts";
import { runScript } from "../children.ts";
import type { Command } from "../children.ts";
import { removeTree } from "../work-folder.ts";
import { expectCount, expectSameTar } from "./check.ts";
import type { Job, Tool } from "./tool.ts";
import { firstLine } from "./version.ts";

/** The fields of `export --json` that the checks read. */
interface Summary {
  readonly files: number;
  readonly differences: number;
  readonly parts: { readonly total: number; readonly reused: number };
}

export function longshoreTool(program: string): Tool {
  const command = (job: Job, script: string): Command => ({
    script,
    env: { LONGSHORE: program, SOURCE: job.data.path, OUT: job.out, TMPDIR: job.temporary },
  });
  return {
    name: "longshore",
    label: "longshore export",
    version: async (signal) => {
      const installed = await access(program, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (!installed) return undefined;
      const version = await firstLine('"$LONGSHORE" --version', signal, { LONGSHORE: program });
      // There but broken must not pass for absent.
      if (version === undefined)
        throw new BenchError(`${program} --version failed; run it by hand to see why`);
      return `longshore ${version}`;
    },
    fresh: {
      command: (job) =>
        command(job, '"$LONGSHORE" export "$SOURCE" "$OUT" --name bench --json > "$OUT/bench.summary"'),
      check: async (job, signal) => {
        await checkExport(job, "bench", signal);
      },
    },
    again: {
      prepare: async (job) => {
        await removeTree(join(job.out, "bench2"));
      },
      command: (job) =>
        command(
          job,
          '"$LONGSHORE" export "$SOURCE" "$OUT" --name bench2 --previous "$OUT/bench" --json > "$OUT/bench2.summary"',
        ),
      check: async (job, signal) => {
        const { parts } = await checkExport(job, "bench2", signal);
        // The tail part is made by every export.
        if (parts.reused < parts.total - 1)
          throw new BenchError(
            `of ${parts.total} parts only ${parts.reused} were reused though nothing changed`,
          );
      },
    },
  };
}

async function checkExport(job: Job, name: string, signal: AbortSignal): Promise<Summary> {
  const summary = parseSummary(await readFile(join(job.out, `${name}.summary`), "utf8"));
  expectCount("files in the summary", summary.files, job.data.files);
  expectCount("differences in the summary", summary.differences, 0);
  await runScript(
    { script: 'cd "$EXPORT"; sha256sum --quiet -c SHA256SUMS', env: { EXPORT: join(job.out, name) } },
    signal,
  );
  await expectSameTar(job, `cat "$OUT/${name}"/parts/* | zstd -dcq`, 0, signal);
  return summary;
}

function parseSummary(text: string): Summary {
  const value: unknown = JSON.parse(text);
  if (!isSummary(value))
    throw new BenchError(`export --json printed something else than its document: ${text.slice(0, 200)}`);
  return value;
}

function isSummary(value: unknown): value is Summary {
  if (typeof value !== "object" || value === null) return false;
  if (!("files" in value && "differences" in value && "parts" in value)) return false;
  const { parts } = value;
  return typeof parts === "object" && parts !== null && "total" in parts && "reused" in parts;
}
