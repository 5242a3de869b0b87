/** What `delete` does, and how it waits until an export is gone. */
import type { Key, LongshoreClient } from "../../api/longshore-client.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { CliContext } from "../context.ts";
import { connect, namespaceOf, type ServerOptions } from "./connect.ts";

export interface DeleteOptions extends ServerOptions {
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
  const client = await connect(context, options);
  const key = { namespace: namespaceOf(options), name };
  const deletionPolicy = options.keepData === true ? ("Retain" as const) : undefined;
  const deleted = await client.exports.delete({ ...key, deletionPolicy }, signal);
  if (options.wait === true && deleted !== undefined)
    await untilGone(client, key, deleted.metadata.uid, signal);
  const isGone = options.wait === true || deleted?.metadata.deletionTimestamp === undefined;
  await stdout.write(`export/${name} ${isGone ? "deleted" : "is being deleted"}\n`);
}

async function untilGone(client: LongshoreClient, key: Key, uid: string, signal: AbortSignal): Promise<void> {
  try {
    const { metadata } = await client.exports.get(key, signal);
    if (metadata.uid !== uid) return;
    const query = { ...key, lastEventId: metadata.resourceVersion };
    for await (const { type, object } of client.exports.events(query, signal))
      if (type === "DELETED" || object.metadata.uid !== uid) return;
  } catch (error) {
    if (error instanceof LongshoreError && error.code === "ResourceNotFound") return;
    throw error;
  }
}

export async function deleteGrant(context: CliContext, name: string, options: DeleteOptions): Promise<void> {
  const client = await connect(context, options);
  await client.grants.delete({ namespace: namespaceOf(options), name }, context.signal);
  await context.stdout.write(`grant/${name} deleted\n`);
}

export async function deleteDestination(
  context: CliContext,
  name: string,
  options: DeleteOptions,
): Promise<void> {
  const client = await connect(context, options);
  await client.destinations.delete({ namespace: namespaceOf(options), name }, context.signal);
  await context.stdout.write(`destination/${name} deleted\n`);
}

export async function deleteToken(context: CliContext, name: string, options: ServerOptions): Promise<void> {
  const client = await connect(context, options);
  await client.tokens.delete(name, context.signal);
  await context.stdout.write(`token/${name} deleted\n`);
}
