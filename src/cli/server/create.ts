/** What `create` does. */
import type { CreatedGrant, NewExport, NewExportDestination } from "../../api/documents.ts";
import type { LongshoreClient } from "../../api/longshore-client.ts";
import { LongshoreError } from "../../domain/errors.ts";
import type { Role } from "../../domain/permission.ts";
import { apiVersion } from "../../domain/resources/resource.ts";
import type { CliContext } from "../context.ts";
import { connect, namespaceOf, type ServerOptions } from "./connect.ts";
import { timeText } from "./describe-text.ts";
import type { GivenDocument } from "./document-file.ts";
import { followExport } from "./follow-export.ts";
import { grantEnd } from "./looks.ts";
import { newExport, type NewExportOptions } from "./new-export.ts";
import { newBucket, newDirectory } from "./new-place.ts";
import { jsonText, shown } from "./shown.ts";

interface CreateOptions extends ServerOptions {
  readonly namespace?: string | undefined;
}

export async function createExport(
  context: CliContext,
  name: string,
  options: CreateOptions & NewExportOptions & { readonly wait?: true | undefined },
): Promise<void> {
  const namespace = namespaceOf(options);
  const document = newExport(name, namespace, options);
  const client = await connect(context, options);
  await client.exports.create(namespace, document, context.signal);
  if (options.wait === true) return followExport(context, client, { namespace, name });
  await context.stdout.write(`export/${name} created\n`);
}

export async function createDestination(
  context: CliContext,
  name: string,
  options: CreateOptions & { readonly directory?: string | undefined; readonly bucket?: string | undefined },
): Promise<void> {
  const namespace = namespaceOf(options);
  const spec = destinationSpec(options);
  const client = await connect(context, options);
  const document: NewExportDestination = {
    apiVersion,
    kind: "ExportDestination",
    metadata: { name, namespace },
    spec,
  };
  await client.destinations.create(namespace, document, context.signal);
  await context.stdout.write(`destination/${name} created\n`);
}

function destinationSpec({
  directory,
  bucket,
}: {
  readonly directory?: string | undefined;
  readonly bucket?: string | undefined;
}): NewExportDestination["spec"] {
  if (directory !== undefined && bucket === undefined) return newDirectory("--directory", directory);
  if (bucket !== undefined && directory === undefined) return newBucket("--bucket", bucket);
  throw new LongshoreError("InvalidArgument", "a destination is either a --directory or a --bucket");
}

export interface CreateGrantOptions extends CreateOptions {
  readonly expiresIn?: number | undefined;
  /** A quantity. */
  readonly maxBytes?: string | undefined;
  readonly description?: string | undefined;
  readonly json?: true | undefined;
}

export async function createGrant(
  context: CliContext,
  name: string,
  options: CreateGrantOptions,
): Promise<void> {
  const { expiresIn, maxBytes, description } = options;
  const client = await connect(context, options);
  const grant = await client.grants.create(
    { namespace: namespaceOf(options), name },
    {
      ...(expiresIn === undefined ? undefined : { expiresInSeconds: expiresIn }),
      ...(maxBytes === undefined ? undefined : { maxBytes }),
      ...(description === undefined ? undefined : { description }),
    },
    context.signal,
  );
  if (options.json === true) await context.stdout.write(`${jsonText(grant)}\n`);
  else await tellGrant(context, grant);
}

/** The URL alone on standard output, so that `$(…)` has it. */
async function tellGrant({ stdout, stderr, exportHome }: CliContext, grant: CreatedGrant): Promise<void> {
  const { name } = grant.metadata;
  const limit = grant.spec.maxBytes === undefined ? "" : `, for ${grant.spec.maxBytes} bytes in all`;
  await stderr.write(
    `grant ${shown(name)} for export ${shown(grant.spec.exportRef.name)}, until ${timeText(grantEnd(grant), exportHome.clock.now())}${limit}: ` +
      "whoever has this address can download; it is not shown again\n",
  );
  await stdout.write(`${shown(grant.url)}\n`);
}

export async function createToken(
  context: CliContext,
  name: string,
  options: ServerOptions & {
    readonly role: Role;
    readonly expiresIn?: number | undefined;
    readonly json?: true | undefined;
  },
): Promise<void> {
  const { role, expiresIn } = options;
  const client = await connect(context, options);
  const made = await client.tokens.create(
    { name, role, ...(expiresIn === undefined ? undefined : { expiresInSeconds: expiresIn }) },
    context.signal,
  );
  if (options.json === true) {
    await context.stdout.write(`${jsonText(made)}\n`);
    return;
  }
  const end =
    made.expiresAt === undefined
      ? "until it is deleted"
      : `until ${timeText(made.expiresAt, context.exportHome.clock.now())}`;
  await context.stderr.write(
    `token ${shown(made.name)} with the role ${made.role}, ${end}: it is not shown again\n`,
  );
  await context.stdout.write(`${shown(made.token)}\n`);
}

export async function createFromFile(
  context: CliContext,
  options: CreateOptions & { readonly file: string; readonly wait?: true | undefined },
): Promise<void> {
  const { readDocuments } = await import("./document-file.ts");
  const source = { file: options.file, stdin: context.stdin };
  const documents = await readDocuments(source, options.namespace, context.signal);
  const client = await connect(context, options);
  for (const document of documents) await createOne(context, client, document);
  if (options.wait !== true) return;
  for (const { kind, namespace, name } of documents)
    if (kind === "Export") await followExport(context, client, { namespace, name });
}

async function createOne(
  context: CliContext,
  client: LongshoreClient,
  { kind, namespace, name, metadata, spec }: GivenDocument,
): Promise<void> {
  const { signal, stdout } = context;
  const document = { apiVersion, kind, metadata: { ...metadata, name, namespace }, spec };
  switch (kind) {
    case "Export":
      await client.exports.create(namespace, document as unknown as NewExport, signal);
      await stdout.write(`export/${shown(name)} created\n`);
      return;
    case "ExportDestination":
      await client.destinations.create(namespace, document as unknown as NewExportDestination, signal);
      await stdout.write(`destination/${shown(name)} created\n`);
      return;
    case "DownloadGrant":
      await tellGrant(context, await client.grants.create({ namespace, name }, grantRequest(spec), signal));
  }
}

/** All of a grant's spec but what its path says. One that was revoked is not made anew: the server refuses that. */
function grantRequest(spec: GivenDocument["spec"]): GivenDocument["spec"] {
  return Object.fromEntries(
    Object.entries(spec).filter(
      ([key, value]) => key !== "exportRef" && !(key === "revoked" && value === false),
    ),
  );
}
