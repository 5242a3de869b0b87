/** Where new objects lie, and who makes them. */
import type { CliContext } from "../../context.ts";
import { connect, isClusterMeant, namespaceOf, type RemoteOptions } from "../connect.ts";
import type { Home } from "../documents/new-place.ts";
import type { CreateOptions, Remote } from "../remote.ts";
import type { TellOptions } from "./made.ts";

export interface MakingOptions extends RemoteOptions, TellOptions {
  readonly namespace?: string | undefined;
}

export interface Making extends AsyncDisposable {
  readonly home: Home;
  /** Undefined where nothing may be sent. */
  readonly remote: Remote | undefined;
  /** What was made; the document itself where nothing may be sent. */
  readonly make: <D, M>(
    document: D,
    call: (remote: Remote, options: CreateOptions) => Promise<M>,
  ) => Promise<D | M>;
}

/** Throws InvalidArgument. */
export async function openMaking(context: CliContext, options: MakingOptions): Promise<Making> {
  if (options.dryRun === "client") return makingNothing(context, options);
  const remote = await connect(context, options);
  return {
    home: homeOf(options, remote),
    remote,
    make: async (_, call) => call(remote, { dryRun: options.dryRun === "server" }),
    [Symbol.asyncDispose]: () => remote[Symbol.asyncDispose](),
  };
}

/** Nothing has to be there but what says the namespace, where the options don't. */
async function makingNothing(context: CliContext, options: MakingOptions): Promise<Making> {
  return {
    home: await homeOfNothing(context, options),
    remote: undefined,
    make: async (document) => document,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function homeOfNothing(context: CliContext, options: MakingOptions): Promise<Home> {
  const { namespace } = options;
  if (namespace !== undefined) return { namespace, isCluster: await isClusterMeant(context, options) };
  await using remote = await connect(context, options);
  return homeOf(options, remote);
}

const homeOf = (options: MakingOptions, remote: Remote): Home => ({
  namespace: namespaceOf(options, remote),
  isCluster: remote.cluster !== undefined,
});
