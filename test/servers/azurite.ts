/** Azurite, the emulator of Azure's blob storage, from its npm package. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { execPath } from "node:process";
import { freePort } from "../fixtures/free-ports.ts";
import { serverFolder, startGuarded, untilReady } from "./guarded-processes.ts";

export interface AzureServer extends AsyncDisposable {
  /** `http://127.0.0.1:port/devstoreaccount1` */
  readonly endpoint: string;
  readonly account: string;
  /** The emulator's well-known key: no secret of anybody's. */
  readonly accountKey: string;
}

const account = "devstoreaccount1";
const accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const require = createRequire(import.meta.url);

/** Why there is no Azurite to test against, or false. */
export function missingAzurite(): string | false {
  return program() === undefined ? "the npm package azurite is not installed" : false;
}

/** Resolves when it answers. Everything it has lies in a temporary folder that goes with it. */
export async function startAzurite(): Promise<AzureServer> {
  const port = await freePort();
  const folder = serverFolder();
  const words = `--blobHost 127.0.0.1 --blobPort ${port} --silent --skipApiVersionCheck --disableTelemetry --location`;
  const command = [execPath, program() ?? "azurite", ...words.split(" "), join(folder, "data")];
  const processes = startGuarded(folder, [{ name: "azurite", command }]);
  const origin = `http://127.0.0.1:${port}`;
  try {
    // Any answer will do: without a signature it is a refusal.
    await untilReady(processes, async () => (await fetch(origin)).status > 0);
  } catch (error) {
    await processes[Symbol.asyncDispose]();
    throw error;
  }
  return {
    endpoint: `${origin}/${account}`,
    account,
    accountKey,
    [Symbol.asyncDispose]: () => processes[Symbol.asyncDispose](),
  };
}

function program(): string | undefined {
  try {
    const manifest = require.resolve("azurite/package.json");
    return join(dirname(manifest), "dist/src/blob/main.js");
  } catch {
    return undefined;
  }
}
