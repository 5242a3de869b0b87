/** `longshore download`: joins the parts of an export to one file. */
import { resolve } from "node:path";
import { Command, type CommandUnknownOpts, InvalidArgumentError } from "@commander-js/extra-typings";
import { formatBytes } from "../../domain/quantity.ts";
import type { CliContext } from "../context.ts";
import { showProgress } from "../progress.ts";

export function downloadCommand(context: CliContext): CommandUnknownOpts {
  return new Command("download")
    .description("fetch an export as one archive file, from a server or its folder, checked part by part")
    .argument(
      "<URL|LOCATION>",
      "what a grant gave, in quotes; or the export's folder: a path, or a file://, s3://, az:// or gs:// URL",
    )
    .option("-o, --output <FILE>", 'the file to write, or "-" for stdout (default: ./<name>.<extension>)')
    .option("--connections <N>", "transfers at once, where the archive comes over a network", connections, 4)
    .option("--timeout <SECONDS>", "make a connection anew over which no byte came for so long", seconds, 30)
    .addHelpText("after", help)
    .action(async (location, options) => {
      if (/^https?:/i.test(location)) {
        const { downloadFromServer } = await import("../download-from-server.ts");
        await downloadFromServer(context, { ...options, url: location });
        return;
      }
      const [{ openExport }, { archiveName, joinTo, joinToFile }] = await Promise.all([
        import("../../engine/reading/open-export.ts"),
        import("../../engine/join.ts"),
      ]);
      const { drivers, signal, stdout, stderr } = context;
      const opened = await openExport(await drivers.openDestination(location), signal);
      const format = await drivers.format(opened.manifest.format);
      if (options.output === "-") {
        await joinTo({ opened }, (bytes) => stdout.write(bytes), signal);
        return;
      }
      const name = options.output ?? archiveName(opened, format.layout === "archive" ? format.extension : "");
      const file = resolve(name);
      const bar = { done: 0, total: opened.manifest.totals.archive, open: false };
      await using progress = showProgress(stderr, "joining", () => bar, Date.now);
      const onProgress = ({ bytes }: { bytes: number }): void => {
        bar.done = bytes;
      };
      const report = await joinToFile({ opened, onProgress }, file, signal);
      await progress.clear();
      const kept =
        report.kept === 0 ? "" : `, ${formatBytes(report.kept)} of it from an interrupted download`;
      const message = report.alreadyThere ? "was already there and is this archive" : `written${kept}`;
      await stderr.write(`${file}: ${formatBytes(report.size)}, every part checked, ${message}\n`);
    });
}

const help = `
Examples:
  longshore download /exports/reports
  longshore download /exports/reports -o /media/usb/reports.tar.zst
  longshore download /exports/reports -o - | zstd -d | tar t
  longshore download 'https://exports.example.com/d/team/reports/reports.tar.zst?grant=…' --connections 8

FILE appears when it is whole. Until then it grows as FILE.partial beside it; after an interruption the same command checks what
is there and goes on. A FILE that already is this archive is left as it is.

From a server a part that arrives damaged is fetched again, and a broken connection goes on where it was cut. FILE.partial.json
says what of FILE.partial was checked. A URL of another file of the export (parts/3, files/…) fetches that file alone. Where
the URL has no grant, LONGSHORE_TOKEN is sent, only to the host of LONGSHORE_SERVER if that is set.`;

function seconds(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 3600) return count;
  throw new InvalidArgumentError("It must be a whole number from 1 to 3600.");
}

function connections(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new InvalidArgumentError("It must be a whole number from 1 to 64.");
}
