/** What a finished export holds: its tree, a level at a time, and its manifest. */
import { manifestName } from "../../domain/record-names.ts";
import { FileDocument, FileListing } from "../../api/documents.ts";
import { routes } from "../../api/routes.ts";
import { bytesOf, byteStringOf } from "../../domain/byte-string.ts";
import { LongshoreError } from "../../domain/errors.ts";
import { Manifest } from "../../domain/manifest.ts";
import { browseFolder, findIndexed } from "../../engine/reading/browse.ts";
import type { Index } from "../../engine/reading/index-pages.ts";
import type { GatewayDependencies } from "../dependencies.ts";
import type { ServedExport } from "../../engine/blob/served-export.ts";
import { unnamed } from "../opened-exports.ts";
import type { GatewayState } from "../state.ts";
import { fileDocument, listing } from "./file-documents.ts";
import { type Answer, type Operation, operation } from "./operation.ts";
import { fileNamed, filesQuery, fileQuery, named, none } from "./parameters.ts";
import { existing } from "./resources.ts";

const kind = "Export";
const tag = "Files";

export function fileOperations(
  { store }: Pick<GatewayDependencies, "store">,
  { opened }: Pick<GatewayState, "opened">,
): readonly Operation[] {
  const open = async (key: { namespace: string; name: string }, signal: AbortSignal): Promise<ServedExport> =>
    opened.open(await existing(store, kind, key, signal), signal);
  const openIndex = async (key: { namespace: string; name: string }, signal: AbortSignal): Promise<Index> =>
    (await open(key, signal)).index.get(signal).catch(rethrowUnnamed);
  return [
    operation({
      id: "listFiles",
      method: "GET",
      path: routes.exportFiles,
      tag,
      kind,
      verb: "read",
      params: named,
      query: filesQuery,
      errors: ["ExportNotReady", "InvalidArgument"],
      summary: "List a folder of an export",
      description:
        "One level, in order of the paths' bytes. Folders are there even where they have no entry of their own.",
      answer: { status: 200, description: "A page of the folder.", schema: FileListing, name: "FileListing" },
      perform: async ({ params, query: { prefix, cursor, limit } }, signal) => {
        const index = await openIndex(params, signal);
        return folderAnswer(index, { folder: prefix, cursor, limit }, signal);
      },
    }),
    operation({
      id: "getFile",
      method: "GET",
      path: routes.exportFile,
      tag,
      kind,
      verb: "read",
      params: fileNamed,
      query: fileQuery,
      errors: ["ExportNotReady", "InvalidArgument"],
      summary: "Look at one entry, or list a folder",
      answer: {
        status: 200,
        description: "The entry; a page of the folder where it is one.",
        schema: FileDocument.or(FileListing),
        name: "FileAnswer",
      },
      perform: async ({ params: { path, ...key }, query: { cursor, limit } }, signal) => {
        const index = await openIndex(key, signal);
        const entry = path === "" || path.endsWith("/") ? undefined : await found(index, path, signal);
        if (entry !== undefined) return { status: 200, body: { entry } };
        const folder = path === "" || path.endsWith("/") ? path : `${path}/`;
        return folderAnswer(index, { folder, cursor, limit }, signal);
      },
    }),
    operation({
      id: "getManifest",
      method: "GET",
      path: routes.exportManifest,
      tag,
      kind,
      verb: "read",
      params: named,
      query: none,
      errors: ["ExportNotReady"],
      summary: "Read the manifest, the proof of the whole export",
      answer: {
        status: 200,
        description: "manifest.json as it is stored.",
        mediaType: "application/json",
        schema: Manifest,
        name: "Manifest",
      },
      perform: async ({ params }, signal) => manifestAnswer(await open(params, signal), signal),
    }),
  ];
}

interface FolderQuery {
  readonly folder: string;
  readonly cursor: string | undefined;
  readonly limit: number;
}

async function folderAnswer(index: Index, query: FolderQuery, signal: AbortSignal): Promise<Answer> {
  const { folder, cursor, limit } = query;
  const from = cursor === undefined ? undefined : readCursor(cursor, folder);
  const page = await browseFolder(index, { folder, from, limit }, signal).catch(rethrowUnnamed);
  if (page === undefined)
    throw new LongshoreError("ResourceNotFound", "the export has no such file or folder");
  const next = page.next === undefined ? undefined : { cursor: writeCursor(page.next) };
  return { status: 200, body: { ...listing(folder, page.children), ...next } };
}

async function found(
  index: Index,
  path: string,
  signal: AbortSignal,
): Promise<FileDocument["entry"] | undefined> {
  const entry = await findIndexed(index, path, signal).catch(rethrowUnnamed);
  return entry === undefined ? undefined : fileDocument({ path, entry });
}

function rethrowUnnamed(error: unknown): never {
  throw unnamed(error);
}

const writeCursor = (path: string): string => Buffer.from(bytesOf(path)).toString("base64url");

/** Throws InvalidArgument where it is not one of this folder. */
function readCursor(cursor: string, folder: string): string {
  const path = byteStringOf(Buffer.from(cursor, "base64url"));
  if (writeCursor(path) !== cursor || !path.startsWith(folder) || path.length === folder.length)
    throw new LongshoreError("InvalidArgument", "the cursor is not one of this folder", {
      hint: "take it from the page before, with the same path",
    });
  return path;
}

async function manifestAnswer({ opened }: ServedExport, signal: AbortSignal): Promise<Answer> {
  const { destination } = opened;
  const name = manifestName;
  const size = await destination.size(name, signal);
  if (size === undefined) throw unnamed(new LongshoreError("Damaged", `${name} is missing`));
  return {
    status: 200,
    headers: { "Content-Type": "application/json", "Content-Length": `${size}` },
    bytes: destination.read(name, { offset: 0, length: size }, signal),
  };
}
