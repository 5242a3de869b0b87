/** The options that say which server is meant, and the client made from them. */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import type { LongshoreClient } from "../../api/longshore-client.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { CliContext } from "../context.ts";

export interface ServerOptions {
  readonly server?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** Adds them to a command whose objects lie in no namespace. */
export function withServer<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option("--server <URL>", "the server's address (default: LONGSHORE_SERVER)")
    .option("--token-file <FILE>", "file that holds the API token (default: the token in LONGSHORE_TOKEN)");
}

/** Adds them and the namespace. */
export function withNamespace<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return withServer(command).option("-n, --namespace <NAME>", 'the namespace (default: "default")');
}

export const namespaceOf = (options: { readonly namespace?: string | undefined }): string =>
  options.namespace ?? "default";

/** Throws InvalidArgument where no server or no token is named, or either can't be used. */
export async function connect(context: CliContext, options: ServerOptions): Promise<LongshoreClient> {
  const server = options.server ?? context.server.url ?? "";
  if (server === "")
    throw new LongshoreError("InvalidArgument", "no server is named", {
      hint: "set LONGSHORE_SERVER to its address, such as http://127.0.0.1:8080, or give --server",
    });
  const token =
    options.tokenFile === undefined
      ? context.server.token
      : await readToken(options.tokenFile, context.signal);
  if (token === undefined || token === "")
    throw new LongshoreError("InvalidArgument", `no token for the server ${hostOf(server)} is given`, {
      hint: "set LONGSHORE_TOKEN, or name the file that holds it with --token-file",
    });
  const { createClient } = await import("../../api/client.ts");
  return createClient({ server, token });
}

/** What stands behind it could be a password. */
const hostOf = (server: string): string => URL.parse(server)?.host ?? "";

async function readToken(file: string, signal: AbortSignal): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  let text: string;
  try {
    text = await readFile(file, { encoding: "utf8", signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new LongshoreError("InvalidArgument", `the token file ${file} can't be read`, {
      cause,
      hint: "check the path and its permissions",
    });
  }
  if (text.trim() === "")
    throw new LongshoreError("InvalidArgument", `the token file ${file} is empty`, {
      hint: "write the token into it",
    });
  return text.trim();
}
