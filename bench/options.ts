/** The benchmark's command line, checked once here so that everything else can trust it. */
import { parseArgs } from "node:util";
import { UsageError } from "./bench-error.ts";

export const WORKS = [
  "big",
  "small",
  "unchanged",
  "many",
  "download",
  "bucket-big",
  "bucket-small",
  "bucket-read",
] as const;
export type Work = (typeof WORKS)[number];

export const PEERS = ["tar", "restic", "rclone", "duplicity", "nginx", "aws", "s3cmd"] as const;
export type Peer = (typeof PEERS)[number];

export interface Options {
  readonly works: readonly Work[];
  readonly peers: readonly Peer[];
  readonly runs: number;
  readonly scale: number;
  readonly entries: number;
  readonly keep: boolean;
  readonly dir: string | undefined;
  readonly longshore: string | undefined;
  readonly write: string | undefined;
  readonly json: string | undefined;
}

export const USAGE = `usage: npm run bench -- [options]
  --only big,small,…   which works (default: all): big, small, unchanged, many, download, bucket-big, bucket-small, bucket-read
  --tools tar,restic,…  which peers beside Longshore (default: all that are installed): tar, restic, rclone, duplicity, nginx, aws, s3cmd
  --runs 5             measured rounds, after one warm-up round
  --scale 1            shrinks all works but many for a quick look; the goals hold at 1
  --entries 1000000    entries of "many"
  --dir DIR            where data and results go (default: the system's temporary folder)
  --keep               keep the data in DIR/longshore-bench and use them again next time
  --longshore FILE     another program in place of bin/longshore
  --write FILE         put the report into FILE, between its markers
  --json FILE          write the raw figures
`;

/** Throws UsageError with a sentence that names the option. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const values = readFlags(args);
  if (values.help) return "help";
  return Object.freeze({
    works: chosen("--only", values.only, WORKS),
    peers: chosen("--tools", values.tools, PEERS),
    runs: positive("--runs", values.runs, Number.isSafeInteger),
    scale: positive("--scale", values.scale, Number.isFinite),
    entries: positive("--entries", values.entries, Number.isSafeInteger),
    keep: values.keep,
    dir: values.dir,
    longshore: values.longshore,
    write: values.write,
    json: values.json,
  });
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: "string", default: WORKS.join() },
        tools: { type: "string", default: PEERS.join() },
        runs: { type: "string", default: "5" },
        scale: { type: "string", default: "1" },
        entries: { type: "string", default: "1000000" },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        dir: { type: "string" },
        longshore: { type: "string" },
        write: { type: "string" },
        json: { type: "string" },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Keeps the order of `known`, so that a report reads the same however the list was typed. */
function chosen<const T extends string>(flag: string, list: string, known: readonly T[]): readonly T[] {
  const wanted = list.split(",").map((word) => word.trim());
  const stranger = wanted.find((word) => !known.some((name) => name === word));
  if (stranger !== undefined)
    throw new UsageError(`${flag} does not know "${stranger}"; it takes ${known.join(", ")}`);
  return known.filter((name) => wanted.includes(name));
}

function positive(flag: string, text: string, isKind: (value: number) => boolean): number {
  const value = Number(text);
  if (text.trim() === "" || !isKind(value) || value <= 0)
    throw new UsageError(`${flag} wants a number above zero, not "${text}"`);
  return value;
}
