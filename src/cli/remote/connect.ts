/** The options that say which server or cluster is meant, and the way to it made from them. */
import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import { LongshoreError } from "../../domain/errors.ts";
import type { CliContext } from "../context.ts";
import { isPlugin } from "../program-name.ts";
import type { ClusterOptions, Remote } from "./remote.ts";

export interface RemoteOptions extends ClusterOptions {
  readonly server?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** Adds them to a command whose objects lie in no namespace. */
export function withRemote<A extends unknown[], O extends OptionValues>(
  context: CliContext,
  command: Command<A, O>,
) {
  // The plugin knows them to say why they are of no use there.
  const hidden = isPlugin(context);
  return command
    .addOption(
      new Option("--server <URL>", "the server's address (default: LONGSHORE_SERVER)").hideHelp(hidden),
    )
    .addOption(
      new Option(
        "--token-file <FILE>",
        "file that holds the server's API token (default: the token in LONGSHORE_TOKEN)",
      ).hideHelp(hidden),
    )
    .option(
      "--kubeconfig <FILE>",
      "how the cluster is reached (default: KUBECONFIG, ~/.kube/config, or as a pod)",
    )
    .option("--context <NAME>", "of the kubeconfig (default: its current one)");
}

/** Adds them and the namespace. */
export function withNamespace<A extends unknown[], O extends OptionValues>(
  context: CliContext,
  command: Command<A, O>,
) {
  return withRemote(context, command).option(
    "-n, --namespace <NAME>",
    'the namespace (default: that of the kubeconfig\'s context, else "default")',
  );
}

export const namespaceOf = (
  options: { readonly namespace?: string | undefined },
  { namespace }: Remote,
): string => options.namespace ?? namespace;

/** Throws InvalidArgument where neither a server nor a cluster is named, or not as it should be; nothing is asked of it yet. */
export async function connect(context: CliContext, options: RemoteOptions): Promise<Remote> {
  if (await isClusterMeant(context, options)) return openCluster(context, options);
  return openServer(context, serverOf(context, options), options.tokenFile);
}

/** A server where one is named, else a cluster. Throws InvalidArgument. */
export async function isClusterMeant(context: CliContext, options: RemoteOptions): Promise<boolean> {
  const asked = askedRemote(context, options);
  if (asked !== undefined) return asked === "cluster";
  return serverOf(context, options) === "" && (await context.cluster?.isNamed()) === true;
}

const serverOf = (context: CliContext, options: RemoteOptions): string =>
  options.server ?? context.server.url ?? "";

/** What the options and the program's name leave no choice of. */
function askedRemote(context: CliContext, options: RemoteOptions): "server" | "cluster" | undefined {
  const isClusterAsked = options.kubeconfig !== undefined || options.context !== undefined;
  const isServerAsked = options.server !== undefined || options.tokenFile !== undefined;
  const plugin = isPlugin(context);
  if (isServerAsked && plugin)
    throw new LongshoreError("InvalidArgument", "kubectl longshore talks to a cluster, not to a server", {
      hint: "give --server and --token-file to `longshore`, or --context here",
    });
  if (isServerAsked && isClusterAsked)
    throw new LongshoreError("InvalidArgument", "both a server and a cluster are named", {
      hint: "give --server and --token-file, or --kubeconfig and --context",
    });
  if (isServerAsked) return "server";
  return plugin || isClusterAsked ? "cluster" : undefined;
}

function openCluster({ cluster }: CliContext, { kubeconfig, context }: RemoteOptions): Promise<Remote> {
  if (cluster === undefined) throw new LongshoreError("InvalidArgument", "this program knows no clusters");
  return cluster.open({ kubeconfig, context });
}

async function openServer(
  context: CliContext,
  server: string,
  tokenFile: string | undefined,
): Promise<Remote> {
  if (server === "")
    throw new LongshoreError("InvalidArgument", "no server is named", {
      hint: "set LONGSHORE_SERVER to its address, such as http://127.0.0.1:8080, or give --server; or KUBECONFIG for a cluster",
    });
  const token = tokenFile === undefined ? context.server.token : await readToken(tokenFile, context.signal);
  if (token === undefined || token === "")
    throw new LongshoreError("InvalidArgument", `no token for the server ${hostOf(server)} is given`, {
      hint: "set LONGSHORE_TOKEN, or name the file that holds it with --token-file",
    });
  const [{ createClient }, { serverRemote }] = await Promise.all([
    import("../../api/client.ts"),
    import("./server-remote.ts"),
  ]);
  return serverRemote(createClient({ server, token }));
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
