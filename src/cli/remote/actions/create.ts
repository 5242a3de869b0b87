/** What `create` does. */
import type { NewExport, NewExportDestination } from "../../../api/documents.ts";
import { LongshoreError } from "../../../domain/errors.ts";
import type { Role } from "../../../domain/permission.ts";
import { formatBytes, parseQuantity } from "../../../domain/quantity.ts";
import { apiVersion } from "../../../domain/resources/resource.ts";
import type { CliContext } from "../../context.ts";
import type { Remote } from "../remote.ts";
import { connect, namespaceOf, type RemoteOptions } from "../connect.ts";
import { timeText } from "../output/describe-text.ts";
import type { GivenDocument } from "../documents/document-file.ts";
import { followExport } from "./follow-export.ts";
import { grantEnd } from "../output/looks.ts";
import { newExport, type NewExportOptions } from "../documents/new-export.ts";
import { refuseToWait, tellMade, type TellOptions } from "./made.ts";
import { type Making, type MakingOptions, openMaking } from "./making.ts";
import { type Home, newBucket, newDirectory, newVolume } from "../documents/new-place.ts";
import { jsonText, shown } from "../output/shown.ts";

export async function createExport(
  context: CliContext,
  name: string,
  options: MakingOptions & NewExportOptions & { readonly wait?: true | undefined },
): Promise<void> {
  refuseToWait(options);
  await using making = await openMaking(context, options);
  const { namespace } = making.home;
  const document = newExport(name, making.home, options);
  const made = await making.make(document, ({ exports }, how) =>
    exports.create(namespace, document, how, context.signal),
  );
  if (options.wait === true && making.remote !== undefined)
    await followExport(context, making.remote, { namespace, name });
  else await tellMade(context, `export/${name}`, made, options);
}

export async function createDestination(
  context: CliContext,
  name: string,
  options: MakingOptions & DestinationOptions,
): Promise<void> {
  await using making = await openMaking(context, options);
  const { namespace } = making.home;
  const document: NewExportDestination = {
    apiVersion,
    kind: "ExportDestination",
    metadata: { name, namespace },
    spec: destinationSpec(options, making.home),
  };
  const made = await making.make(document, ({ destinations }, how) =>
    destinations.create(namespace, document, how, context.signal),
  );
  await tellMade(context, `destination/${name}`, made, options);
}

interface DestinationOptions {
  readonly directory?: string | undefined;
  readonly bucket?: string | undefined;
  readonly bucketCredentials?: string | undefined;
  readonly volume?: string | undefined;
}

function destinationSpec(
  { directory, bucket, bucketCredentials: credentials, volume }: DestinationOptions,
  home: Home,
): NewExportDestination["spec"] {
  const given = [directory, bucket, volume].filter((text) => text !== undefined);
  if (given.length !== 1)
    throw new LongshoreError(
      "InvalidArgument",
      "a destination is either a --directory, a --bucket or a --volume",
    );
  if (bucket !== undefined) return newBucket({ option: "--bucket", text: bucket, credentials });
  if (credentials !== undefined)
    throw new LongshoreError("InvalidArgument", "--bucket-credentials go with a --bucket alone");
  if (volume !== undefined) return newVolume({ option: "--volume", text: volume }, home);
  return newDirectory({ option: "--directory", text: directory ?? "" }, home);
}

export interface CreateGrantOptions extends MakingOptions {
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
  await using remote = await connect(context, options);
  const grant = await remote.grants.create(
    { namespace: namespaceOf(options, remote), name },
    {
      ...(expiresIn === undefined ? undefined : { expiresInSeconds: expiresIn }),
      ...(maxBytes === undefined ? undefined : { maxBytes }),
      ...(description === undefined ? undefined : { description }),
    },
    {},
    context.signal,
  );
  if (options.json === true) await context.stdout.write(`${jsonText(grant)}\n`);
  else await tellGrant(context, grant);
}

/** The URL alone on standard output, so that `$(…)` has it; without one the name of what was made. */
async function tellGrant(
  { stdout, stderr, exportHome }: CliContext,
  { metadata, spec, url, ...grant }: MadeGrant,
): Promise<void> {
  const name = shown(metadata.name);
  const limit =
    spec.maxBytes === undefined
      ? ""
      : `, for ${formatBytes(parseQuantity(String(spec.maxBytes)) ?? 0)} in all`;
  const until = timeText(grantEnd({ metadata, spec, ...grant }), exportHome.clock.now());
  const address =
    url === undefined
      ? "it has no address: this cluster serves no downloads"
      : "whoever has this address can download; it is not shown again";
  await stderr.write(
    `grant ${name} for export ${shown(spec.exportRef.name)}, until ${until}${limit}: ${address}\n`,
  );
  await stdout.write(url === undefined ? `grant/${name} created\n` : `${shown(url)}\n`);
}

export async function createToken(
  context: CliContext,
  name: string,
  options: RemoteOptions & {
    readonly role: Role;
    readonly expiresIn?: number | undefined;
    readonly json?: true | undefined;
  },
): Promise<void> {
  const { role, expiresIn } = options;
  await using remote = await connect(context, options);
  const made = await remote.tokens.create(
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
  options: MakingOptions & { readonly file: string; readonly wait?: true | undefined },
): Promise<void> {
  refuseToWait(options);
  const { readDocuments } = await import("../documents/document-file.ts");
  await using making = await openMaking(context, options);
  const source = { file: options.file, stdin: context.stdin };
  const namespaces = { asked: options.namespace, usual: making.home.namespace };
  const documents = await readDocuments(source, namespaces, context.signal);
  for (const document of documents) await createOne(context, making, document, options);
  if (options.wait !== true || making.remote === undefined) return;
  for (const { kind, namespace, name } of documents)
    if (kind === "Export") await followExport(context, making.remote, { namespace, name });
}

async function createOne(
  context: CliContext,
  making: Making,
  { kind, namespace, name, metadata, spec }: GivenDocument,
  options: TellOptions,
): Promise<void> {
  const { signal } = context;
  const document = { apiVersion, kind, metadata: { ...metadata, name, namespace }, spec };
  switch (kind) {
    case "Export": {
      const made = await making.make(document, ({ exports }, how) =>
        exports.create(namespace, document as unknown as NewExport, how, signal),
      );
      return tellMade(context, `export/${name}`, made, options);
    }
    case "ExportDestination": {
      const made = await making.make(document, ({ destinations }, how) =>
        destinations.create(namespace, document as unknown as NewExportDestination, how, signal),
      );
      return tellMade(context, `destination/${name}`, made, options);
    }
    case "DownloadGrant":
      return createGivenGrant(context, making, { kind, namespace, name, metadata, spec }, options);
  }
}

async function createGivenGrant(
  context: CliContext,
  { make }: Making,
  { namespace, name, spec }: GivenDocument,
  options: TellOptions,
): Promise<void> {
  const request = grantRequest(spec);
  const document = { apiVersion, kind: "DownloadGrant", metadata: { namespace }, spec };
  const made = await make(document, ({ grants }, how) =>
    grants.create({ namespace, name }, request, how, context.signal),
  );
  if (options.dryRun === undefined && "uid" in made.metadata) await tellGrant(context, made as MadeGrant);
  else await tellMade(context, `grant for export/${name}`, made, options);
}

type MadeGrant = Awaited<ReturnType<Remote["grants"]["create"]>>;

/** All of a grant's spec but what its path says. One that was revoked is not made anew: the server refuses that. */
function grantRequest(spec: GivenDocument["spec"]): GivenDocument["spec"] {
  return Object.fromEntries(
    Object.entries(spec).filter(
      ([key, value]) => key !== "exportRef" && !(key === "revoked" && value === false),
    ),
  );
}
