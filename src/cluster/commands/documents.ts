/** Our documents as a person's commands make, read, change and delete them in a cluster. */
import { LongshoreError } from "../../domain/errors.ts";
import type { ResourceKey } from "../../domain/ports/export-store.ts";
import { apiVersion, type Kind, type Resources } from "../../domain/resources/resource.ts";
import type { KubeApi } from "../kube-api.ts";
import { type KubeDocument, nameOf, readDocument, resourceOf } from "../store/kube-document.ts";
import { readable } from "../store/readable.ts";
import { isNotThere } from "./object-changes.ts";

export interface DocumentsHome {
  readonly api: KubeApi;
  /** Told of documents of a list that can't be read. */
  readonly onError: (error: unknown, about: string) => void;
}

export interface DocumentList<K extends Kind> {
  readonly apiVersion: typeof apiVersion;
  readonly kind: `${K}List`;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: Resources[K][];
}

export interface ListQuery {
  /** Undefined for all namespaces. */
  readonly namespace?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
}

/** As a person wrote it; the API server judges it. */
export interface GivenDocument {
  readonly metadata: { readonly name: string; readonly [member: string]: unknown };
  readonly spec: unknown;
}

export interface Documents<K extends Kind> {
  list(query: ListQuery, signal: AbortSignal): Promise<DocumentList<K>>;
  pages(query: ListQuery, signal: AbortSignal): AsyncGenerator<DocumentList<K>, void, undefined>;
  get(key: ResourceKey, signal: AbortSignal): Promise<Resources[K]>;
  /** With `dryRun` the API server checks and admits it, and keeps nothing. */
  create(
    namespace: string,
    document: GivenDocument,
    options: { readonly dryRun?: boolean | undefined },
    signal: AbortSignal,
  ): Promise<Resources[K]>;
  /** A merge patch; with `resourceVersion` only of that one. */
  patch(
    key: ResourceKey & { readonly resourceVersion?: string | undefined },
    patch: object,
    signal: AbortSignal,
  ): Promise<Resources[K]>;
  /** As it was, or as it is while its finalizers have work to do. */
  delete(key: ResourceKey, signal: AbortSignal): Promise<Resources[K]>;
}

const usualPage = 500;
const fieldManager = "kubectl-longshore";

export function documentsOf<K extends Kind>({ api, onError }: DocumentsHome, kind: K): Documents<K> {
  const resource = resourceOf(kind);
  const keyOf = ({ namespace, name }: ResourceKey): ResourceKey => ({ namespace, name });
  const existing = async (key: ResourceKey, signal: AbortSignal): Promise<KubeDocument> => {
    const found = await api.get<KubeDocument>(resource, keyOf(key), signal);
    if (found === undefined) throw isNotThere(kind, key);
    return found;
  };
  const list: Documents<K>["list"] = async (query, signal) => {
    const { namespace, limit = usualPage } = query;
    const page = await api.list<KubeDocument>(
      resource,
      { namespace, limit, continue: query.continue },
      signal,
    );
    const { resourceVersion, continue: next } = page;
    return {
      apiVersion,
      kind: `${kind}List`,
      metadata: { resourceVersion, ...(next !== undefined && { continue: next }) },
      items: page.items.flatMap((document) => readable(kind, document, onError)),
    };
  };
  return {
    list,
    pages: async function* (query, signal) {
      let next = query.continue;
      do {
        const page = await list({ ...query, continue: next }, signal);
        yield page;
        next = page.metadata.continue;
      } while (next !== undefined);
    },
    get: async (key, signal) => readDocument(kind, await existing(key, signal)),
    create: async (namespace, { metadata, spec }, { dryRun = false }, signal) => {
      const document: KubeDocument = { apiVersion, kind, metadata: { ...metadata, namespace }, spec };
      try {
        return readDocument(kind, await api.create(resource, document, { dryRun, fieldManager }, signal));
      } catch (error) {
        throw ofWhich(error, kind, { namespace, name: metadata.name });
      }
    },
    patch: async ({ resourceVersion, ...key }, patch, signal) => {
      const whole =
        resourceVersion === undefined
          ? patch
          : { ...patch, metadata: { ...metadataOf(patch), resourceVersion } };
      const options = { fieldManager };
      try {
        const after = await api.patch<KubeDocument>(resource, keyOf(key), whole, options, signal);
        return readDocument(kind, after);
      } catch (error) {
        if (error instanceof LongshoreError && error.code === "ResourceNotFound") throw isNotThere(kind, key);
        throw error;
      }
    },
    delete: async (key, signal) => {
      const before = await existing(key, signal);
      const { uid } = before.metadata;
      await api.delete(resource, keyOf(key), { uid }, signal);
      const after = await api.get<KubeDocument>(resource, keyOf(key), signal);
      return readDocument(kind, after !== undefined && after.metadata.uid === uid ? after : before);
    },
  };
}

const metadataOf = (patch: object): object => (patch as { readonly metadata?: object }).metadata ?? {};

/** The API server's sentence does not say in which namespace, and some not even of what. */
function ofWhich(error: unknown, kind: Kind, key: ResourceKey): unknown {
  if (!(error instanceof LongshoreError) || error.code !== "AlreadyExists") return error;
  return new LongshoreError("AlreadyExists", `${nameOf(kind, key)} exists`, { cause: error });
}
