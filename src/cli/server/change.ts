/** What `cancel`, `suspend` and `resume` do. */
import type { CliContext } from "../context.ts";
import { connect, namespaceOf, type ServerOptions } from "./connect.ts";

export interface ChangeOptions extends ServerOptions {
  readonly namespace?: string | undefined;
}

export async function cancelExport(context: CliContext, name: string, options: ChangeOptions): Promise<void> {
  const client = await connect(context, options);
  await client.exports.cancel({ namespace: namespaceOf(options), name }, context.signal);
  await context.stdout.write(`export/${name} cancelled\n`);
}

export async function setSuspend(
  context: CliContext,
  name: string,
  { suspend, ...options }: ChangeOptions & { readonly suspend: boolean },
): Promise<void> {
  const client = await connect(context, options);
  await client.exports.patch(
    { namespace: namespaceOf(options), name },
    { spec: { suspend } },
    context.signal,
  );
  await context.stdout.write(`export/${name} ${suspend ? "suspended" : "resumed"}\n`);
}
