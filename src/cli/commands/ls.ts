/** `longshore ls`: what an export holds. */
import { Command } from "@commander-js/extra-typings";
import type { CliContext } from "../context.ts";

export function lsCommand(context: CliContext): Command {
  const command = new Command("ls")
    .description("list what an export holds, in order, folders with everything in them")
    .argument("<LOCATION>", "the export's folder: a path or file:// URL")
    .argument("[PATH]", "a folder or one entry of the export")
    .option("-l, --long", "mode, owner, size, time and where links lead")
    .option("--json", "one JSON object a line")
    .option("-0, --null", "raw names, each ended by a NUL byte")
    .addHelpText(
      "after",
      `
Examples:
  longshore ls /exports/reports
  longshore ls --long /exports/reports 2026/
  longshore ls --null /exports/reports | xargs -0 -n1 printf '%q\\n'

Names are shown with control characters and stray bytes escaped; --null gives them as they are.`,
    )
    .action(async (location, path, options) => {
      const [{ openExport }, { openIndex }, { select, selectedEntries }, listing] = await Promise.all([
        import("../../engine/reading/open-export.ts"),
        import("../../engine/reading/index-pages.ts"),
        import("../../engine/reading/selection.ts"),
        import("../listing.ts"),
      ]);
      const destination = await context.drivers.openDestination(location);
      const index = await openIndex(await openExport(destination, context.signal), context.signal);
      const paths = path === undefined ? [] : [listing.pathArgument(path)];
      const selection = await select(index, paths, context.signal);
      const lineOf = listing.lineFor(options);
      for await (const batch of selectedEntries(index, selection, context.signal)) {
        await context.stdout.write(batch.map(({ entry }) => lineOf(entry)).reduce(listing.append, listing.nothing()).bytes());
      }
    });
  return command as unknown as Command;
}
