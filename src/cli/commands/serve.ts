/** `longshore serve`: the whole product on one machine, behind HTTP. */
import { resolve } from "node:path";
import { Command, type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { LongshoreError } from "../../domain/errors.ts";
import { formatBucketLocation, parseBucketLocation } from "../../domain/location.ts";
import type { CliContext } from "../context.ts";
import { integer, listenAddress, size } from "../option-values.ts";
import type { ServeOptions } from "../serve-options.ts";
import { workerCount } from "../worker-count.ts";

const help = `
Examples:
  longshore serve --allow /srv/reports --allow /mnt/handover
  longshore serve --data /var/lib/longshore --listen 0.0.0.0:8080 --public-url https://exports.example.com --allow /srv
  longshore serve --listen 127.0.0.1:8080 --downloads-listen 127.0.0.1:8081 --allow "$PWD"
  longshore serve --allow 's3://handover/2026?endpoint=https://store.example.com&region=eu-west-1'
Only what lies inside an --allow place can be exported or be a destination: inside a folder, where symbolic links out of it
are refused, or below a prefix of a bucket. How a bucket is reached is said here alone; credentials come from the environment.
The first start makes an admin token in DATA/admin-token and prints it once, in a link. Ctrl-C ends the server; unfinished
exports go on at the next start. The server speaks plain HTTP: beyond this machine, put a proxy with TLS before it.`;

/** A server takes leave of its receivers, in milliseconds. */
const leave = 12_000;

export interface ServeHost {
  /** Where a server's state lies unless the command says. */
  readonly dataFolder: string;
  /** Runs until the context's signal ends it. */
  readonly serve: (options: ServeOptions) => Promise<void>;
}

export function serveCommand(context: CliContext, host: ServeHost): CommandUnknownOpts {
  return new Command("serve")
    .description("run the server: exports, grants and downloads over HTTP")
    .option("--data <DIR>", "folder of the server's own state (default: longshore in the user's data folder)")
    .addOption(
      new Option("--listen <ADDRESS:PORT>", "where the API listens")
        .argParser(listenAddress)
        .default({ host: "127.0.0.1", port: 8080 }, "127.0.0.1:8080"),
    )
    .option("--allow <DIR|URL>", "folder or bucket that exports may read and write (repeatable)", collect)
    .option("--public-url <URL>", "how receivers reach the server (default: its listening address)", origin)
    .option("--downloads-listen <ADDRESS:PORT>", "a second port that serves downloads alone", listenAddress)
    .option("--downloads-url <URL>", "how receivers reach that port", origin)
    .option("--jobs <N>", "exports that are worked on at the same time", integer("--jobs", 1, 64), 2)
    .option(
      "--workers <N>",
      "most threads that pack for one export (default: one for each processor, two where they send to a store)",
      integer("--workers", 1, 256),
    )
    .option(
      "--bytes-per-second <SIZE>",
      "limit of what all exports together read",
      size("--bytes-per-second", 1024),
    )
    .option("--sign-key <FILE>", "sign a statement of each export with this Ed25519 private key (PEM)")
    .addHelpText("after", help)
    .action(async (options) => {
      context.giveTime(leave);
      await host.serve({
        data: resolve(options.data ?? host.dataFolder),
        listen: options.listen,
        allow: (options.allow ?? []).map((place) => allowedPlace(place, context)),
        publicUrl: options.publicUrl,
        downloadsListen: options.downloadsListen,
        downloadsUrl: options.downloadsUrl,
        jobs: options.jobs,
        ...workerCount(options.workers),
        bytesPerSecond: options.bytesPerSecond,
        signKeyFile: options.signKey === undefined ? undefined : resolve(options.signKey),
      });
    });
}

const collect = (place: string, before: string[] | undefined): string[] => [...(before ?? []), place];

/** A whole path, or a bucket's location in the one spelling. Throws InvalidArgument, UnknownScheme. */
function allowedPlace(place: string, { pathOf }: CliContext): string {
  try {
    const bucket = parseBucketLocation(place);
    return bucket === undefined ? resolve(pathOf(place)) : formatBucketLocation(bucket);
  } catch (error) {
    if (!(error instanceof LongshoreError)) throw error;
    throw new LongshoreError(error.code, `--allow: ${error.message}`, { cause: error, hint: error.hint });
  }
}

/** Without a path: what is served begins at the root. */
function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin =
    url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "";
  if (!isOrigin || url.username !== "" || url.hash !== "")
    throw new InvalidArgumentError("It must be http:// or https:// and a host, without a path.");
  return url.origin;
}
