/** What `delete` does, and how it waits until an export is gone. */
import type { Key } from "../../../api/longshore-client.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import type { CliContext } from "../../context.ts";
import type { Remote } from "../remote.ts";
import { connect, namespaceOf, type RemoteOptions } from "../connect.ts";

export interface DeleteOptions extends RemoteOptions {
  readonly namespace?: string | undefined;
}

export interface DeleteExportOptions extends DeleteOptions {
  readonly keepData?: true | undefined;
  readonly wait?: true | undefined;
}

export async function deleteExport(
  context: CliContext,
  name: string,
  options: DeleteExportOptions,
): Promise<void> {
  const { signal, stdout } = context;
  await using remote = await connect(context, options);
  const key = { namespace: namespaceOf(options, remote), name };
  const deletionPolicy = options.keepData === true ? ("Retain" as const) : undefined;
  const deleted = await remote.exports.delete({ ...key, deletionPolicy }, signal);
  if (options.wait === true && deleted !== undefined)
    await untilGone(remote, key, deleted.metadata.uid, signal);
  const isGone = options.wait === true || deleted?.metadata.deletionTimestamp === undefined;
  await stdout.write(`export/${name} ${isGone ? "deleted" : "is being deleted"}\n`);
}

async function untilGone({ exports }: Remote, key: Key, uid: string, signal: AbortSignal): Promise<void> {
  try {
    const { metadata } = await exports.get(key, signal);
    if (metadata.uid !== uid) return;
    const query = { ...key, lastEventId: metadata.resourceVersion };
    for await (const { type, object } of exports.events(query, signal))
      if (type === "DELETED" || object.metadata.uid !== uid) return;
  } catch (error) {
    if (error instanceof LongshoreError && error.code === "ResourceNotFound") return;
    throw error;
  }
}

export async function deleteGrant(context: CliContext, name: string, options: DeleteOptions): Promise<void> {
  await using remote = await connect(context, options);
  await remote.grants.delete({ namespace: namespaceOf(options, remote), name }, context.signal);
  await context.stdout.write(`grant/${name} deleted\n`);
}

export async function deleteDestination(
  context: CliContext,
  name: string,
  options: DeleteOptions,
): Promise<void> {
  await using remote = await connect(context, options);
  await remote.destinations.delete({ namespace: namespaceOf(options, remote), name }, context.signal);
  await context.stdout.write(`destination/${name} deleted\n`);
}

export async function deleteToken(context: CliContext, name: string, options: RemoteOptions): Promise<void> {
  await using remote = await connect(context, options);
  await remote.tokens.delete(name, context.signal);
  await context.stdout.write(`token/${name} deleted\n`);
}
