/**
 * The cluster's ExportStore for controllers: while they watch all of a kind, what they read comes from that watch, so
 * that thousands of resources cost no requests; and a break in the watch costs the differences, not a new beginning.
 *
 * It reads its own writes: a resource that was written is read from the API server until the watch has come that far.
 * What others wrote may be seen a moment later, as with every watch; whoever writes upon it gets a Conflict.
 */
import type { ExportStore, ResourceEvent, ResourceKey, WatchQuery } from "../../domain/ports/export-store.ts";
import type { Kind, Resources } from "../../domain/resources/resource.ts";
import { keyText } from "../client/object-cache.ts";
import { createReflector, type Reflector } from "../client/reflector.ts";
import { isAtLeast } from "../client/resource-version.ts";
import { type KubeDocument, readDocument, resourceOf } from "./kube-document.ts";
import { kubeExportStore, type KubeStoreOptions } from "./kube-export-store.ts";
import { readable } from "./readable.ts";

interface Cache {
  readonly reflector: Reflector<KubeDocument>;
  /** Of what was written, the version that the watch must reach; none where that is not known. */
  readonly written: Map<string, { readonly version: string | undefined }>;
}

export interface CachedExportStore extends ExportStore {
  /** Where the Export of that uid lies, as far as the watch has told. */
  readonly namespaceOf: (exportUid: string) => string | undefined;
}

/** Nothing of it needs closing. One watch without a query for each kind keeps it; all other watches are the API server's. */
export function cachedExportStore(options: KubeStoreOptions): CachedExportStore {
  const store = kubeExportStore(options);
  const caches = new Map<Kind, Cache>();

  return {
    namespaceOf: (uid) => caches.get("Export")?.reflector.indexed(uid)[0]?.metadata.namespace,
    create: (kind, resource, signal) => noting(kind, resource.metadata, store.create(kind, resource, signal)),
    get: async (kind, key, signal) => {
      signal.throwIfAborted();
      const cache = caches.get(kind);
      if (cache === undefined || !holds(cache, key)) return getLive(kind, key, signal);
      const document = cache.reflector.get(key);
      return document === undefined ? undefined : readDocument(kind, document);
    },
    list: (kind, query, signal) => store.list(kind, query, signal),
    update: (kind, resource, signal) => noting(kind, resource.metadata, store.update(kind, resource, signal)),
    updateStatus: (kind, resource, signal) =>
      noting(kind, resource.metadata, store.updateStatus(kind, resource, signal)),
    updateProgress: (resource, signal) =>
      noting("Export", resource.metadata, store.updateProgress(resource, signal)),
    delete: async (kind, key, signal) => {
      try {
        return await store.delete(kind, key, signal);
      } finally {
        note(kind, key, undefined);
      }
    },
    watch: (kind, query, signal) =>
      isOfAll(query) && !caches.has(kind) ? watchAll(kind, signal) : store.watch(kind, query, signal),
  };

  async function* watchAll<K extends Kind>(
    kind: K,
    signal: AbortSignal,
  ): AsyncGenerator<ResourceEvent<K>, void, undefined> {
    const { onError } = options;
    const reflector = createReflector<KubeDocument>({
      ...options,
      resource: resourceOf(kind),
      query: {},
      indexBy: ({ metadata }) => metadata.uid,
    });
    const cache: Cache = { reflector, written: new Map() };
    caches.set(kind, cache);
    try {
      for await (const { type, object: document } of reflector.changes(signal))
        for (const object of readable(kind, document, onError)) yield { type, object };
    } finally {
      // Nobody keeps it up to date from now on.
      if (caches.get(kind) === cache) caches.delete(kind);
    }
  }

  /** What was written where the outcome is not known may have been written as well. */
  async function noting<K extends Kind>(
    kind: K,
    key: ResourceKey,
    writing: Promise<Resources[K]>,
  ): Promise<Resources[K]> {
    const resource = await writing.catch((error: unknown) => {
      note(kind, key, undefined);
      throw error;
    });
    const { metadata } = resource;
    const isGone = metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
    note(kind, key, isGone ? undefined : metadata.resourceVersion);
    return resource;
  }

  function note(kind: Kind, key: ResourceKey, version: string | undefined): void {
    caches.get(kind)?.written.set(keyText(key), { version });
  }

  async function getLive<K extends Kind>(
    kind: K,
    key: ResourceKey,
    signal: AbortSignal,
  ): Promise<Resources[K] | undefined> {
    const cache = caches.get(kind);
    const before = cache?.written.get(keyText(key));
    const found = await store.get(kind, key, signal);
    // Unless it was written once more meanwhile: this says how far the watch must come.
    if (cache === undefined || before === undefined || cache.written.get(keyText(key)) !== before)
      return found;
    if (found !== undefined) cache.written.set(keyText(key), { version: found.metadata.resourceVersion });
    else if (cache.reflector.get(key) === undefined) cache.written.delete(keyText(key));
    return found;
  }
}

/** Whether the cache has come as far as what was written here. */
function holds({ reflector, written }: Cache, key: ResourceKey): boolean {
  const position = reflector.position();
  if (position === undefined) return false;
  const wanted = written.get(keyText(key));
  if (wanted === undefined) return true;
  if (wanted.version === undefined || !isAtLeast(position, wanted.version)) return false;
  written.delete(keyText(key));
  return true;
}

const isOfAll = ({ namespace, name, since }: WatchQuery): boolean =>
  namespace === undefined && name === undefined && since === undefined;
