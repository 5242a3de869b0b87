/** The program `longshore`: gives the command line this machine. */
import { randomUUID } from "node:crypto";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { destinationCommand } from "../cli/commands/destination.ts";
import { installCommand } from "../cli/commands/install.ts";
import { operatorCommand } from "../cli/commands/operator.ts";
import { serveCommand } from "../cli/commands/serve.ts";
import { uninstallCommand } from "../cli/commands/uninstall.ts";
import { workerCommand } from "../cli/commands/worker.ts";
import type { CliContext } from "../cli/context.ts";
import { runCli } from "../cli/program.ts";
import { undefinedIf } from "../domain/errors.ts";
import { installSettings } from "../cluster/manifests/install-settings.ts";
import { drivers, pathOf } from "./drivers.ts";
import { engineHome, processHolder } from "./engine-home.ts";
import { listenForInterruption } from "./interruption.ts";
import { standardOutput } from "./standard-output.ts";
import { version } from "./versions.ts";

const { signal, giveTime } = listenForInterruption(process);

/** bin/longshore says so where it was called by the name of kubectl's plugin. */
const pluginWord = "--kubectl-plugin";
const isPlugin = process.argv[2] === pluginWord;

const context: CliContext = {
  program: isPlugin ? "kubectl longshore" : "longshore",
  drivers,
  version,
  stdout: standardOutput(process.stdout, { quits: true }),
  stderr: standardOutput(process.stderr, { quits: false }),
  // Opened only where it is read.
  get stdin() {
    return process.stdin;
  },
  signal,
  giveTime,
  temporaryFolder: tmpdir(),
  pathOf,
  readSignKey: async (file) => (await import("./sign-key.ts")).readSignKey(file),
  extraCommands: (cli) => [
    destinationCommand(cli, {
      openPlace: async (location, name) =>
        (await import("./checked-place.ts")).openPlaceToCheck(location, name),
    }),
    installCommand(cli, {
      settings: installSettings,
      manifests: async (settings) => (await import("./manifests.ts")).manifestsText(settings),
    }),
    uninstallCommand(cli, {
      script: async (settings) => (await import("./manifests.ts")).uninstallText(settings),
    }),
    operatorCommand(cli, {
      operate: async (options) => {
        const [{ operate }, { jsonLog }] = await Promise.all([import("./operator.ts"), import("./log.ts")]);
        const log = jsonLog((text) => void process.stderr.write(text), Date.now);
        const identity = `${hostname()}-${randomUUID().slice(0, 8)}`;
        await operate(options, { environment: process.env, identity, log }, cli.signal);
      },
    }),
    workerCommand(cli, {
      completionIndex: process.env["JOB_COMPLETION_INDEX"],
      work: async (options) => {
        const [{ runWorker }, { jsonLog }] = await Promise.all([import("./worker.ts"), import("./log.ts")]);
        const log = jsonLog((text) => void process.stderr.write(text), Date.now);
        // The engine removes its folder at the end, which a mount can't bear.
        const scratch = join(tmpdir(), "export");
        return runWorker(options, { environment: process.env, scratch, log }, cli.signal);
      },
    }),
    serveCommand(cli, {
      dataFolder: join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local/share"), "longshore"),
      serve: async (options) => {
        const { serve } = await import("./serve.ts");
        await serve(
          options,
          {
            drivers,
            version,
            temporaryFolder: tmpdir(),
            // A server serves, whether anybody reads its greeting or not.
            say: (text) => cli.stdout.write(text).catch(undefinedIf("OutputClosed")),
            complain: (text) => void process.stderr.write(text),
          },
          cli.signal,
        );
      },
    }),
  ],
  server: { url: process.env["LONGSHORE_SERVER"], token: process.env["LONGSHORE_TOKEN"] },
  cluster: {
    isNamed: async () => {
      const { clusterAccess } = await import("../cluster/client/choose-cluster.ts");
      return clusterAccess({}, process.env, homedir()) !== undefined;
    },
    open: async (options) => {
      const { openCommandClient } = await import("../cluster/commands/open-command-client.ts");
      return openCommandClient(options, {
        environment: process.env,
        home: homedir(),
        complain: (text) => void process.stderr.write(`longshore: ${text}\n`),
      });
    },
  },
  exportHome: engineHome({ drivers, holder: processHolder }),
};

const code = await runCli(process.argv.slice(isPlugin ? 3 : 2), context);
if (code !== undefined) process.exitCode = code;
