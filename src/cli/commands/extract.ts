/** `longshore extract`: restores an export, or some of it, into a folder. */
import { resolve } from "node:path";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { displayName } from "../../domain/byte-string.ts";
import type { DifferenceReason } from "../../domain/entry.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { formatBytes } from "../../domain/quantity.ts";
import type { ExtractNotice, ExtractReport } from "../../engine/extract/extract-options.ts";
import type { CliContext } from "../context.ts";
import { showProgress } from "../progress.ts";

export function extractCommand(context: CliContext): CommandUnknownOpts {
  return new Command("extract")
    .description("restore content, modes, times and links into a folder, and owners when run as root")
    .argument("<LOCATION>", "the export's folder: a path, or a file://, s3://, az:// or gs:// URL")
    .argument("<DIR>", "where to put it; made where it is not there")
    .argument("[PATH...]", "folders or entries to restore; everything if none is named")
    .option(
      "--with-differences",
      "also write entries that could not be read while exporting, with zeros for content",
    )
    .option("--json", "one JSON document on stdout instead of text")
    .addHelpText("after", help)
    .action(async (location, folder, paths, options) => {
      const started = performance.now();
      const [{ openExport }, { openIndex }, { select }, { extract }] = await Promise.all([
        import("../../engine/reading/open-export.ts"),
        import("../../engine/reading/index-pages.ts"),
        import("../../engine/reading/selection.ts"),
        import("../../engine/extract/extract.ts"),
      ]);
      const { drivers, signal, stdout, stderr } = context;
      const opened = await openExport(await drivers.openDestination(location), signal);
      const index = await openIndex(opened, signal);
      const selection = await select(index, paths, signal);
      const target = resolve(folder);
      const bar = { done: 0, total: opened.manifest.totals.content, open: false };
      await using progress = showProgress(stderr, "extracting", () => bar, Date.now);
      const report = await extract(
        {
          index,
          format: await drivers.format(opened.manifest.format),
          folder: target,
          selection,
          withDifferences: options.withDifferences === true,
          onNotice: async (notice) => {
            await progress.clear();
            await stderr.write(noticeLine(notice));
          },
          onProgress: ({ bytes }) => {
            bar.done = bytes;
          },
        },
        signal,
      );
      await progress.clear();
      const lost = report.damaged + report.failed;
      const seconds = Math.round(performance.now() - started) / 1000;
      if (options.json === true)
        await stdout.write(
          `${JSON.stringify({ location, folder: target, state: lost === 0 ? "Extracted" : "Damaged", ...report, seconds })}\n`,
        );
      else await stdout.write(`${summary(report, target)}${absent(opened.manifest.differences, location)}\n`);
      if (report.damaged > 0)
        throw new LongshoreError(
          "Damaged",
          `${report.damaged} of ${report.entries} entries of ${location} are damaged and were not written`,
        );
      if (report.failed > 0)
        throw new LongshoreError(
          "EntryNotMade",
          `${report.failed} of ${report.entries} entries could not be made in ${target}`,
        );
    });
}

const help = `
Examples:
  longshore extract /exports/reports /srv/restored
  longshore extract /exports/reports . 2026/summary.csv 2026/raw/

What stands in DIR under an entry's name is replaced; nothing is written outside DIR, whatever the export says, and a symbolic
link in place of a folder is refused. Times are kept to the microsecond, which is what Node can set. Access control lists and
extended attributes are not part of an export. What changed while it was exported is written and listed; what could not be read
is left out and listed.`;

/** Sockets and the like are in no archive; only the list of differences has them. */
function absent(counts: Readonly<Record<DifferenceReason, number>>, location: string): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return total === 0
    ? ""
    : `\n${total} in all were not as planned when the export was made, see differences.jsonl in ${location}`;
}

function noticeLine({ path, message }: ExtractNotice): string {
  return `${displayName(path)}: ${message}\n`;
}

function summary({ entries, restored, bytes, differences }: ExtractReport, target: string): string {
  const noted = differences === 0 ? "" : `; ${differences} listed above`;
  const count = restored === entries ? `${entries}` : `${restored} of ${entries}`;
  return `${count} ${entries === 1 ? "entry" : "entries"}, ${formatBytes(bytes)}, restored into ${target}${noted}`;
}
