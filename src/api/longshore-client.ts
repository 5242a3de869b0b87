/** What the client of the REST interface can do. */
import type { Manifest } from "../domain/manifest.ts";
import type { GrantRequest } from "../domain/resources/download-grant.ts";
import type { DownloadGrant, Export, ExportDestination } from "../domain/resources/resource.ts";
import type { z } from "zod";
import type {
  AuditList,
  CreatedGrant,
  CreatedToken,
  DownloadGrantList,
  DownloadGrantPatch,
  ExportDestinationList,
  ExportList,
  ExportPatch,
  FileDocument,
  FileListing,
  NewExport,
  NewExportDestination,
  RotatedKey,
  TokenList,
  TokenRequest,
  Whoami,
} from "./documents.ts";
import type { ExportEvent } from "./events.ts";

export interface Key {
  readonly namespace: string;
  readonly name: string;
}

export interface PageQuery {
  readonly namespace: string;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
}

/** Of exports alone: all namespaces where none is named. */
export type ExportQuery = Omit<PageQuery, "namespace"> & { readonly namespace?: string | undefined };

export interface FilesQuery extends Key {
  /** Byte string of a folder or an entry; the root where it is missing. */
  readonly path?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

export interface AuditQuery {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** Only records older than this id. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

export interface EventsQuery {
  readonly namespace: string;
  /** Of one export alone. */
  readonly name?: string | undefined;
  /** A resourceVersion: only what comes after it. Without it first everything that is there, as ADDED. */
  readonly lastEventId?: string | undefined;
}

/**
 * Every method takes the signal that ends it and throws LongshoreError: what the server refuses with under the server's
 * code, ServerUnreachable where it doesn't answer, ServerFailed where the answer can't be understood, InvalidArgument
 * for a name that can't be one. Calls are repeated a few times where the line breaks or the server is not well.
 */
export interface LongshoreClient {
  readonly exports: {
    /** Pages of a list, from `continue` or the first one on. */
    pages(query: ExportQuery, signal: AbortSignal): AsyncIterable<ExportList>;
    list(query: ExportQuery, signal: AbortSignal): Promise<ExportList>;
    get(key: Key, signal: AbortSignal): Promise<Export>;
    create(namespace: string, document: NewExport, signal: AbortSignal): Promise<Export>;
    /** With `resourceVersion` only if it is still that (Conflict); such a patch is sent once. */
    patch(
      key: Key & { readonly resourceVersion?: string | undefined },
      patch: ExportPatch,
      signal: AbortSignal,
    ): Promise<Export>;
    cancel(key: Key, signal: AbortSignal): Promise<Export>;
    /** As it last was; undefined where an answer was lost and it is gone now. */
    delete(
      key: Key & { readonly deletionPolicy?: "Delete" | "Retain" | undefined },
      signal: AbortSignal,
    ): Promise<Export | undefined>;
    /** Changes until cancelled, over cuts and restarts of the server. */
    events(query: EventsQuery, signal: AbortSignal): AsyncIterable<ExportEvent>;
    /** One page of a folder, or the entry where it is no folder. */
    files(query: FilesQuery, signal: AbortSignal): Promise<FileListing | FileDocument>;
    manifest(key: Key, signal: AbortSignal): Promise<Manifest>;
  };
  readonly grants: {
    /** Of the namespace, or of one export where `export` names it. */
    pages(query: GrantsQuery, signal: AbortSignal): AsyncIterable<DownloadGrantList>;
    list(query: GrantsQuery, signal: AbortSignal): Promise<DownloadGrantList>;
    get(key: Key, signal: AbortSignal): Promise<DownloadGrant>;
    /** `key` is the export's. */
    create(key: Key, request: z.input<typeof GrantRequest>, signal: AbortSignal): Promise<CreatedGrant>;
    patch(
      key: Key & { readonly resourceVersion?: string | undefined },
      patch: DownloadGrantPatch,
      signal: AbortSignal,
    ): Promise<DownloadGrant>;
    delete(key: Key, signal: AbortSignal): Promise<DownloadGrant | undefined>;
  };
  readonly destinations: {
    pages(query: PageQuery, signal: AbortSignal): AsyncIterable<ExportDestinationList>;
    list(query: PageQuery, signal: AbortSignal): Promise<ExportDestinationList>;
    get(key: Key, signal: AbortSignal): Promise<ExportDestination>;
    create(
      namespace: string,
      document: NewExportDestination,
      signal: AbortSignal,
    ): Promise<ExportDestination>;
    delete(key: Key, signal: AbortSignal): Promise<ExportDestination | undefined>;
  };
  readonly tokens: {
    list(signal: AbortSignal): Promise<TokenList>;
    create(request: TokenRequest, signal: AbortSignal): Promise<CreatedToken>;
    delete(name: string, signal: AbortSignal): Promise<void>;
  };
  audit(query: AuditQuery, signal: AbortSignal): Promise<AuditList>;
  rotateKey(signal: AbortSignal): Promise<RotatedKey>;
  whoami(signal: AbortSignal): Promise<Whoami>;
}

export type GrantsQuery = PageQuery & { readonly export?: string | undefined };
