/** What `logs` does. */
import { LongshoreError } from "../../../domain/errors.ts";
import type { WorkerLine } from "../../../domain/ports/cluster-traces.ts";
import { succeededOf } from "../../../domain/resources/export-end.ts";
import type { Export } from "../../../domain/resources/resource.ts";
import type { CliContext } from "../../context.ts";
import { connect, namespaceOf, type RemoteOptions } from "../connect.ts";
import { endOf, statusOf } from "../output/export-state.ts";
import { shown } from "../output/shown.ts";

export interface LogsOptions extends RemoteOptions {
  readonly namespace?: string | undefined;
  readonly follow?: true | undefined;
  readonly tail?: number | undefined;
}

export async function printLogs(context: CliContext, name: string, options: LogsOptions): Promise<void> {
  const { signal, stdout } = context;
  await using remote = await connect(context, options);
  if (remote.cluster === undefined)
    throw new LongshoreError("InvalidArgument", "a server keeps no log of single exports", {
      hint: "look into the server's own log, or name a cluster with --context",
    });
  const { workerLogs } = remote.cluster;
  const of = await remote.exports.get({ namespace: namespaceOf(options, remote), name }, signal);
  const onLine = ({ pod, isOneOfMany, text }: WorkerLine): Promise<void> =>
    stdout.write(`${isOneOfMany ? `[${shown(pod)}] ` : ""}${shown(text)}\n`);
  const call = { of, tailLines: options.tail, onLine };
  if (options.follow !== true || endOf(of) !== undefined) {
    const pods = await workerLogs.read(call, signal);
    if (pods === 0) throw nothingThere(of);
    return;
  }
  await workerLogs.follow(call, signal);
}

function nothingThere(of: Export): LongshoreError {
  const { namespace, name } = of.metadata;
  const what = `${namespace}/${name}`;
  if (endOf(of) !== undefined)
    return new LongshoreError("ResourceNotFound", `the pods of the export ${what} are gone with their logs`, {
      hint: `\`longshore describe export ${name}\` says how it ended`,
    });
  const { message = "" } = succeededOf(of) ?? {};
  const why = message === "" ? "" : `, ${shown(message)}`;
  return new LongshoreError(
    "ExportNotReady",
    `no worker of the export ${what} has begun, it is ${shown(statusOf(of))}${why}`,
    { hint: `\`longshore logs export ${name} --follow\` waits for one` },
  );
}
