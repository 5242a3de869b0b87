/** What `describe` does. */
import type { CliContext } from "../context.ts";
import { connect, namespaceOf, type ServerOptions } from "./connect.ts";
import { describeDestination, describeExport, describeGrant } from "./describe-pages.ts";

export interface DescribeOptions extends ServerOptions {
  readonly namespace?: string | undefined;
}

const now = (context: CliContext): number => context.exportHome.clock.now();

export async function showExport(context: CliContext, name: string, options: DescribeOptions): Promise<void> {
  const client = await connect(context, options);
  const found = await client.exports.get({ namespace: namespaceOf(options), name }, context.signal);
  await context.stdout.write(describeExport(found, now(context)));
}

export async function showDestination(
  context: CliContext,
  name: string,
  options: DescribeOptions,
): Promise<void> {
  const client = await connect(context, options);
  const found = await client.destinations.get({ namespace: namespaceOf(options), name }, context.signal);
  await context.stdout.write(describeDestination(found, now(context)));
}

export async function showGrant(context: CliContext, name: string, options: DescribeOptions): Promise<void> {
  const client = await connect(context, options);
  const found = await client.grants.get({ namespace: namespaceOf(options), name }, context.signal);
  await context.stdout.write(describeGrant(found, now(context)));
}
