/** What `get` does: fetches objects and prints them, page by page. */
import { byteStringOfText } from "../../../domain/byte-string.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Export, Resource } from "../../../domain/resources/resource.ts";
import type { CliContext } from "../../context.ts";
import type { Remote } from "../remote.ts";
import { connect, namespaceOf, type RemoteOptions } from "../connect.ts";
import { destinationLook, exportEverywhereLook, exportLook, grantLook } from "../output/looks.ts";
import type { OutputFormat } from "../output/output-format.ts";
import { type Look, type Printer, printer } from "../output/printer.ts";
import { auditLook, fileLook, tokenLook } from "../output/record-looks.ts";

export interface GetOptions extends RemoteOptions {
  readonly namespace?: string | undefined;
  readonly output: OutputFormat;
}

const open = <T>(
  context: CliContext,
  look: Look<T>,
  format: OutputFormat,
  manner: "one" | "list" | "stream",
): Promise<Printer<T>> =>
  printer(context.stdout, look, { format, manner, now: () => context.exportHome.clock.now() });

async function printOne<T>(context: CliContext, look: Look<T>, format: OutputFormat, item: T): Promise<void> {
  const out = await open(context, look, format, "one");
  await out.print([item]);
  await out.end();
}

/** Says on standard error where there was nothing, so that a script may count lines. */
async function printPages<T>(
  context: CliContext,
  look: Look<T>,
  list: { readonly format: OutputFormat; readonly nothing: string },
  pages: AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
): Promise<void> {
  const out = await open(context, look, list.format, "list");
  let isEmpty = true;
  for await (const items of pages) {
    await out.print(items);
    isEmpty &&= items.length === 0;
  }
  await out.end();
  if (isEmpty) await context.stderr.write(`${list.nothing}\n`);
}

async function* itemsOf<T>(pages: AsyncIterable<{ readonly items: readonly T[] }>) {
  for await (const { items } of pages) yield items;
}

export interface GetExportsOptions extends GetOptions {
  readonly allNamespaces?: true | undefined;
  readonly watch?: true | undefined;
}

export async function getExports(
  context: CliContext,
  name: string | undefined,
  options: GetExportsOptions,
): Promise<void> {
  const everywhere = options.allNamespaces === true;
  if (everywhere && (name !== undefined || options.namespace !== undefined))
    throw new LongshoreError("InvalidArgument", "--all-namespaces goes with neither a name nor --namespace");
  if (everywhere && options.watch === true)
    throw new LongshoreError("InvalidArgument", "--watch follows one namespace, not --all-namespaces");
  await using remote = await connect(context, options);
  if (options.watch === true) return await watchExports(context, remote, name, options);
  const format = options.output;
  if (name !== undefined) {
    const found = await remote.exports.get({ namespace: namespaceOf(options, remote), name }, context.signal);
    return await printOne(context, exportLook, format, found);
  }
  const namespace = everywhere ? undefined : namespaceOf(options, remote);
  const nothing = namespace === undefined ? "no exports" : `no exports in the namespace ${namespace}`;
  const pages = itemsOf(remote.exports.pages({ namespace }, context.signal));
  await printPages(context, everywhere ? exportEverywhereLook : exportLook, { format, nothing }, pages);
}

/** What there is, and then what changes, until Ctrl-C. */
async function watchExports(
  context: CliContext,
  remote: Remote,
  name: string | undefined,
  options: GetExportsOptions,
): Promise<void> {
  const { signal } = context;
  const namespace = namespaceOf(options, remote);
  const out = await open(context, exportLook, options.output, "stream");
  let lastEventId: string | undefined;
  if (name === undefined) {
    for await (const page of remote.exports.pages({ namespace }, signal)) {
      lastEventId ??= page.metadata.resourceVersion;
      await out.print(page.items);
    }
  } else {
    const found = await remote.exports.get({ namespace, name }, signal);
    lastEventId = found.metadata.resourceVersion;
    await out.print([found]);
  }
  for await (const { type, object } of remote.exports.events({ namespace, name, lastEventId }, signal))
    await out.print([type === "DELETED" ? asDeleted(object, context.exportHome.clock.now()) : object]);
}

/** So that it shows in every format: as a condition, which the table has in its column STATUS. */
function asDeleted(resource: Export, now: number): Export {
  const { deletionTimestamp = new Date(now).toISOString() } = resource.metadata;
  return { ...resource, metadata: { ...resource.metadata, deletionTimestamp } };
}

export async function getDestinations(
  context: CliContext,
  name: string | undefined,
  options: GetOptions,
): Promise<void> {
  await using remote = await connect(context, options);
  const { destinations } = remote;
  await getNamed(context, name, options, {
    namespace: namespaceOf(options, remote),
    what: "destinations",
    look: destinationLook,
    get: (key) => destinations.get(key, context.signal),
    pages: (namespace) => destinations.pages({ namespace }, context.signal),
  });
}

export async function getGrants(
  context: CliContext,
  name: string | undefined,
  options: GetOptions & { readonly export?: string | undefined },
): Promise<void> {
  await using remote = await connect(context, options);
  const { grants } = remote;
  await getNamed(context, name, options, {
    namespace: namespaceOf(options, remote),
    what: "grants",
    look: grantLook,
    get: (key) => grants.get(key, context.signal),
    pages: (namespace) => grants.pages({ namespace, export: options.export }, context.signal),
  });
}

interface NamedKind<T> {
  readonly namespace: string;
  readonly what: string;
  readonly look: Look<T>;
  readonly get: (key: { namespace: string; name: string }) => Promise<T>;
  readonly pages: (namespace: string) => AsyncIterable<{ readonly items: readonly T[] }>;
}

async function getNamed<T extends Resource>(
  context: CliContext,
  name: string | undefined,
  options: GetOptions,
  { namespace, what, look, get, pages }: NamedKind<T>,
): Promise<void> {
  const format = options.output;
  if (name !== undefined) return printOne(context, look, format, await get({ namespace, name }));
  const nothing = `no ${what} in the namespace ${namespace}`;
  return printPages(context, look, { format, nothing }, itemsOf(pages(namespace)));
}

export async function getTokens(
  context: CliContext,
  name: string | undefined,
  options: GetOptions,
): Promise<void> {
  await using remote = await connect(context, options);
  const { items } = await remote.tokens.list(context.signal);
  if (name === undefined)
    return await printPages(context, tokenLook, { format: options.output, nothing: "no tokens" }, [items]);
  const found = items.find((token) => token.name === name);
  if (found === undefined) throw new LongshoreError("ResourceNotFound", `there is no token ${name}`);
  await printOne(context, tokenLook, options.output, found);
}

export interface GetAuditOptions extends GetOptions {
  readonly limit: number;
}

/** A page of the server's audit; more than it gives at once is fetched in several. */
const auditPage = 500;

export async function getAudit(
  context: CliContext,
  name: string | undefined,
  { namespace, limit, output, ...server }: GetAuditOptions,
): Promise<void> {
  await using remote = await connect(context, server);
  async function* pages() {
    let before: number | undefined;
    let left = limit;
    do {
      const query = { namespace, name, before, limit: Math.min(left, auditPage) };
      const page = await remote.audit(query, context.signal);
      yield page.items;
      left -= page.items.length;
      before = page.next;
    } while (before !== undefined && left > 0);
  }
  await printPages(context, auditLook, { format: output, nothing: "no records" }, pages());
}

export async function getFiles(
  context: CliContext,
  [name, path]: readonly [name: string, path: string | undefined],
  options: GetOptions,
): Promise<void> {
  await using remote = await connect(context, options);
  const query = {
    namespace: namespaceOf(options, remote),
    name,
    path: path === undefined ? undefined : byteStringOfText(path),
  };
  async function* pages() {
    let cursor: string | undefined;
    do {
      const page = await remote.exports.files({ ...query, cursor }, context.signal);
      if ("entry" in page) {
        yield [page.entry];
        return;
      }
      yield page.entries;
      ({ cursor } = page);
    } while (cursor !== undefined);
  }
  await printPages(context, fileLook, { format: options.output, nothing: "no entries" }, pages());
}
