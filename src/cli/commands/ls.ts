/** `longshore ls`: what an export holds. */
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { byteStringOfText, displayName, jsonMember } from "../../domain/byte-string.ts";
import type { EntryType } from "../../domain/entry.ts";
import type { IndexEntry } from "../../domain/plan-line.ts";
import type { CliContext } from "../context.ts";

export function lsCommand(context: CliContext): CommandUnknownOpts {
  return new Command("ls")
    .description("list what an export holds, in order, folders with everything in them")
    .argument("<LOCATION>", "the export's folder: a path, or a file://, s3://, az:// or gs:// URL")
    .argument("[PATH]", "a folder or one entry of the export")
    .option("-l, --long", "mode, owner, size, time (UTC) and where links lead")
    .option("--json", "one JSON object a line")
    .option("-0, --null", "raw names, each ended by a NUL byte")
    .addHelpText("after", help)
    .action(async (location, path, options) => {
      const [{ openExport }, { openIndex }, { select, selectedEntries }] = await Promise.all([
        import("../../engine/reading/open-export.ts"),
        import("../../engine/reading/index-pages.ts"),
        import("../../engine/reading/selection.ts"),
      ]);
      const destination = await context.drivers.openDestination(location);
      const index = await openIndex(await openExport(destination, context.signal), context.signal);
      const selection = await select(index, path === undefined ? [] : [path], context.signal);
      for await (const batch of selectedEntries(index, selection, context.signal)) {
        const entries = batch.map((whole) => whole.entry);
        if (options.null === true)
          await context.stdout.write(
            Buffer.from(entries.map((entry) => `${entry.path}\0`).join(""), "latin1"),
          );
        else await context.stdout.write(entries.map(lineFor(options)).join(""));
      }
    });
}

const help = `
Examples:
  longshore ls /exports/reports
  longshore ls --long /exports/reports 2026/
  longshore ls --null /exports/reports | xargs -0 -n1 echo

Names are shown with control characters and stray bytes escaped; --null gives them as they are.`;

function lineFor({ json, long }: { json?: true; long?: true }): (entry: IndexEntry) => string {
  if (json === true) return jsonLine;
  return long === true ? longLine : (entry) => `${displayName(entry.path)}\n`;
}

function jsonLine(entry: IndexEntry): string {
  const { placement, rdev } = entry;
  let line = `{${jsonMember("path", entry.path)},"type":"${entry.type}","mode":${entry.mode},"uid":${entry.uid},"gid":${entry.gid},"mtime":"${entry.mtime}"`;
  if (entry.linkTarget !== undefined) line += `,${jsonMember("linkTarget", entry.linkTarget)}`;
  if (rdev !== undefined) line += `,"rdev":[${rdev.major},${rdev.minor}]`;
  line += `,"size":${sizeOf(entry)}`;
  if (placement.sha256 !== undefined && entry.piece === undefined)
    line += `,${jsonMember("sha256", byteStringOfText(placement.sha256))}`;
  if (placement.difference !== undefined)
    line += `,${jsonMember("difference", byteStringOfText(placement.difference))}`;
  return `${line}}\n`;
}

function longLine(entry: IndexEntry): string {
  const owner = `${entry.uid}/${entry.gid}`;
  const size = entry.rdev === undefined ? String(sizeOf(entry)) : `${entry.rdev.major},${entry.rdev.minor}`;
  const target =
    entry.linkTarget === undefined
      ? ""
      : ` ${entry.type === "hardlink" ? "link to" : "->"} ${displayName(entry.linkTarget)}`;
  const difference = entry.placement.difference === undefined ? "" : ` (${entry.placement.difference})`;
  const columns = `${modeText(entry)} ${owner.padEnd(9)} ${size.padStart(12)} ${timeText(entry.mtime)}`;
  return `${columns} ${displayName(entry.path)}${target}${difference}\n`;
}

const sizeOf = (entry: IndexEntry): number => entry.placement.size ?? entry.size;

const letters: Record<EntryType, string> = {
  file: "-",
  directory: "d",
  symlink: "l",
  hardlink: "h",
  fifo: "p",
  "character-device": "c",
  "block-device": "b",
  socket: "s",
  unknown: "?",
};

/** As `ls -l` shows it: setuid, setgid and sticky stand in place of the x. */
function modeText({ type, mode }: IndexEntry): string {
  const special = ["s", "s", "t"];
  const triples = [6, 3, 0].map((shift, i) => {
    const bits = (mode >> shift) & 7;
    const flag = (mode >> (11 - i)) & 1;
    const letter = special[i] ?? "";
    const last =
      flag === 1 ? ((bits & 1) === 1 ? letter : letter.toUpperCase()) : (bits & 1) === 1 ? "x" : "-";
    return `${(bits & 4) === 0 ? "-" : "r"}${(bits & 2) === 0 ? "-" : "w"}${last}`;
  });
  return `${letters[type]}${triples.join("")}`;
}

function timeText(mtime: bigint): string {
  const date = new Date(Number(mtime / 1_000_000n));
  if (Number.isNaN(date.getTime())) return `@${mtime / 1_000_000_000n}`.padEnd(19);
  return date
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "");
}
