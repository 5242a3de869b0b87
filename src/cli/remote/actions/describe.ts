/** What `describe` does. */
import type { CliContext } from "../../context.ts";
import { connect, namespaceOf, type RemoteOptions } from "../connect.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Resource } from "../../../domain/resources/resource.ts";
import type { Remote } from "../remote.ts";
import { describeDestination, describeExport, describeGrant } from "../output/describe-pages.ts";
import { eventsText } from "../output/describe-text.ts";

export interface DescribeOptions extends RemoteOptions {
  readonly namespace?: string | undefined;
}

const now = (context: CliContext): number => context.exportHome.clock.now();

export async function showExport(context: CliContext, name: string, options: DescribeOptions): Promise<void> {
  await using remote = await connect(context, options);
  const found = await remote.exports.get({ namespace: namespaceOf(options, remote), name }, context.signal);
  await context.stdout.write(describeExport(found, now(context)));
  await tellEvents(context, remote, found);
}

export async function showDestination(
  context: CliContext,
  name: string,
  options: DescribeOptions,
): Promise<void> {
  await using remote = await connect(context, options);
  const found = await remote.destinations.get(
    { namespace: namespaceOf(options, remote), name },
    context.signal,
  );
  await context.stdout.write(describeDestination(found, now(context)));
  await tellEvents(context, remote, found);
}

export async function showGrant(context: CliContext, name: string, options: DescribeOptions): Promise<void> {
  await using remote = await connect(context, options);
  const found = await remote.grants.get({ namespace: namespaceOf(options, remote), name }, context.signal);
  await context.stdout.write(describeGrant(found, now(context)));
}

/** What Kubernetes noted about it; who may see an object need not see that. */
async function tellEvents(context: CliContext, { cluster }: Remote, { metadata }: Resource): Promise<void> {
  if (cluster === undefined) return;
  try {
    const recorded = await cluster.recordedEvents(metadata, context.signal);
    await context.stdout.write(eventsText(recorded, now(context)));
  } catch (error) {
    if (!(error instanceof LongshoreError) || error.code !== "Forbidden") throw error;
    await context.stderr.write(`no Events are shown: ${error.message}\n`);
  }
}
