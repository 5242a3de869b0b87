/** The program `longshore`: gives the command line this machine. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { arch, versions } from "node:process";
import { serveCommand } from "../cli/commands/serve.ts";
import type { CliContext } from "../cli/context.ts";
import { runCli } from "../cli/program.ts";
import { startPackPool } from "../local/pack-pool.ts";
import { drivers, pathOf } from "./drivers.ts";
import { standardOutput } from "./standard-output.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** An interrupted command has this long to end by itself: two seconds are promised. A server takes leave of its receivers. */
let grace = 1500;
const serverGrace = 12_000;
const interruptedCode = 130;

const stopped = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (stopped.signal.aborted) process.exit(interruptedCode);
    stopped.abort();
    setTimeout(() => process.exit(interruptedCode), grace).unref();
  });
}

const context: CliContext = {
  drivers,
  version,
  stdout: standardOutput(process.stdout),
  stderr: standardOutput(process.stderr),
  // Opened only where it is read.
  get stdin() {
    return process.stdin;
  },
  signal: stopped.signal,
  temporaryFolder: tmpdir(),
  pathOf,
  extraCommands: (cli) => [
    serveCommand(cli, {
      dataFolder: join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local/share"), "longshore"),
      serve: async (options) => {
        grace = serverGrace;
        const { serve } = await import("./serve.ts");
        await serve(
          options,
          {
            drivers,
            version,
            temporaryFolder: tmpdir(),
            say: (text) => cli.stdout.write(text),
            complain: (text) => void process.stderr.write(text),
          },
          cli.signal,
        );
      },
    }),
  ],
  server: { url: process.env["LONGSHORE_SERVER"], token: process.env["LONGSHORE_TOKEN"] },
  exportHome: {
    drivers,
    startPool: (options) => startPackPool(new URL("pack-worker.ts", import.meta.url), options),
    clock: Date,
    newId: randomUUID,
    host: hostname(),
    holder: `process ${process.pid} on ${hostname()}`,
    versions: {
      longshore: version,
      node: versions.node,
      zlib: versions.zlib,
      zstd: versions["zstd"] ?? "",
      arch,
    },
  },
};

const code = await runCli(process.argv.slice(2), context);
if (code !== undefined) process.exitCode = code;
