/** What `cancel`, `suspend` and `resume` do. */
import type { CliContext } from "../../context.ts";
import { connect, namespaceOf, type RemoteOptions } from "../connect.ts";

export interface ChangeOptions extends RemoteOptions {
  readonly namespace?: string | undefined;
}

export async function cancelExport(context: CliContext, name: string, options: ChangeOptions): Promise<void> {
  await using remote = await connect(context, options);
  await remote.exports.cancel({ namespace: namespaceOf(options, remote), name }, context.signal);
  await context.stdout.write(`export/${name} cancelled\n`);
}

export async function setSuspend(
  context: CliContext,
  name: string,
  { suspend, ...options }: ChangeOptions & { readonly suspend: boolean },
): Promise<void> {
  await using remote = await connect(context, options);
  await remote.exports.patch(
    { namespace: namespaceOf(options, remote), name },
    { spec: { suspend } },
    context.signal,
  );
  await context.stdout.write(`export/${name} ${suspend ? "suspended" : "resumed"}\n`);
}
