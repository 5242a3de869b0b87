/** Reads the documents that `create -f` is given: JSON or YAML, several in one file, lists too. */
import { readFile, stat } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { LongshoreError } from "../../../domain/errors.ts";
import { apiGroup, apiVersion } from "../../../domain/resources/resource.ts";

const createdKinds = ["Export", "ExportDestination", "DownloadGrant"] as const;

export interface GivenDocument {
  readonly kind: (typeof createdKinds)[number];
  readonly namespace: string;
  /** Of a grant, which the server names, that of the export that it is for. */
  readonly name: string;
  /** Labels and annotations; what the server decides is left out. */
  readonly metadata: Members;
  readonly spec: Members;
}

type Members = Readonly<Record<string, unknown>>;

const longestFile = 16 * 2 ** 20;

export interface DocumentFile {
  /** "-" is standard input. */
  readonly file: string;
  readonly stdin: AsyncIterable<Uint8Array>;
}

export interface Namespaces {
  /** The one that was asked for, if any: documents that name another are refused. */
  readonly asked: string | undefined;
  /** Of documents that name none. */
  readonly usual: string;
}

/**
 * The documents in their order.
 * Throws InvalidArgument before anything is sent where one is none of ours; the members of spec are the server's to judge.
 */
export async function readDocuments(
  { file, stdin }: DocumentFile,
  namespaces: Namespaces,
  signal: AbortSignal,
): Promise<readonly GivenDocument[]> {
  const text = await (file === "-" ? readStandardInput(stdin, signal) : readFileText(file, signal));
  const found = parseAllDocuments(text).flatMap((document, index) => {
    const place = `document ${index + 1} of ${file}`;
    const [error] = document.errors;
    if (error !== undefined) throw invalid(`${place} is neither YAML nor JSON`, error);
    return itemsOf(valueOf(document, place), place).map((item) => given(item, place, namespaces));
  });
  if (found.length === 0) throw invalid(`${file} holds no document`);
  return found;
}

const invalid = (message: string, cause?: unknown): LongshoreError =>
  new LongshoreError("InvalidArgument", message, {
    cause,
    hint: "see `longshore create --help` for how a document looks",
  });

async function readFileText(file: string, signal: AbortSignal): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > longestFile) throw invalid(`${file} is larger than 16 MiB`);
    return await readFile(file, { encoding: "utf8", signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LongshoreError) throw error;
    throw invalid(`${file} can't be read`, error);
  }
}

async function readStandardInput(stdin: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    signal.throwIfAborted();
    size += chunk.length;
    if (size > longestFile) throw invalid("standard input is larger than 16 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function valueOf(document: ReturnType<typeof parseAllDocuments>[number], place: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw invalid(`${place} refers to itself too often`, error);
  }
}

const isRecord = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What `get -o json` printed is a list. */
function itemsOf(value: unknown, place: string): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!isRecord(value)) throw invalid(`${place} is no object`);
  return Array.isArray(value["items"]) ? value["items"] : [value];
}

function given(value: unknown, place: string, namespaces: Namespaces): GivenDocument {
  const document = isRecord(value) ? value : {};
  const metadata = isRecord(document["metadata"]) ? document["metadata"] : {};
  const { spec } = document;
  const kind = createdKinds.find((known) => known === document["kind"]);
  if (document["apiVersion"] !== apiVersion || kind === undefined)
    throw invalid(`${place} is not of apiVersion ${apiVersion} and kind ${createdKinds.join(", ")}`);
  if (!isRecord(spec)) throw invalid(`${place} has no spec`);
  const name = kind === "DownloadGrant" ? exportOf(spec) : textOf(metadata, "name", place);
  if (name === undefined)
    throw invalid(`${place} has no ${kind === "DownloadGrant" ? "spec.exportRef.name" : "metadata.name"}`);
  return { kind, name, namespace: namespaceIn(metadata, place, namespaces), metadata: kept(metadata), spec };
}

function exportOf({ exportRef }: Members): string | undefined {
  const name = isRecord(exportRef) ? exportRef["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

function namespaceIn(metadata: Members, place: string, { asked, usual }: Namespaces): string {
  const own = textOf(metadata, "namespace", place);
  if (own !== undefined && asked !== undefined && own !== asked)
    throw invalid(`${place} is of the namespace ${own}, and --namespace says ${asked}`);
  return own ?? asked ?? usual;
}

const kept = ({ labels, annotations }: Members): Members => ({
  ...(labels === undefined ? undefined : { labels }),
  ...(annotations === undefined ? undefined : { annotations: withoutOurs(annotations) }),
});

/** A server's own notes on another object say nothing of the new one. */
const withoutOurs = (annotations: unknown): unknown =>
  isRecord(annotations)
    ? Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith(`${apiGroup}/`)))
    : annotations;

function textOf(metadata: Members, member: string, place: string): string | undefined {
  const value = metadata[member];
  if (value === undefined || typeof value === "string") return value;
  throw invalid(`metadata.${member} of ${place} is no text`);
}
