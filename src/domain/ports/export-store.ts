/** The port of the store of resources. */
import type { Kind, Resources } from "../resources/resource.ts";

/**
 * Where resources are kept: SQLite on one machine, the API server of a cluster.
 *
 * Writes are optimistic: they carry the resourceVersion that was read, and throw Conflict where somebody else was first.
 * A write that is cancelled or fails has either happened whole or not at all; who does not know reads again.
 */
export interface ExportStore {
  /** Throws AlreadyExists. What the store decides (uid, resourceVersion, generation, creationTimestamp) is ignored in `resource`. */
  create<K extends Kind>(kind: K, resource: NewResource<K>, signal: AbortSignal): Promise<Resources[K]>;
  get<K extends Kind>(kind: K, key: ResourceKey, signal: AbortSignal): Promise<Resources[K] | undefined>;
  /** In order of namespace and name. */
  list<K extends Kind>(kind: K, query: ListQuery, signal: AbortSignal): Promise<ResourceList<K>>;
  /**
   * Replaces labels, annotations, finalizers and spec; the status stays. Raises the generation where the spec changed.
   * A resource that waits for deletion goes when its last finalizer does. Throws Conflict, ResourceNotFound.
   */
  update<K extends Kind>(kind: K, resource: Resources[K], signal: AbortSignal): Promise<Resources[K]>;
  /** Replaces the status alone. The same status again writes nothing. Throws Conflict, ResourceNotFound. */
  updateStatus<K extends Kind>(kind: K, resource: Resources[K], signal: AbortSignal): Promise<Resources[K]>;
  /**
   * Writes of an Export's status what tells of its progress: `parts`, `display` and `progress`; the rest of it must be as it was
   * read. Throws Conflict, ResourceNotFound.
   */
  updateProgress(resource: Resources["Export"], signal: AbortSignal): Promise<Resources["Export"]>;
  /**
   * Removes it, or marks it with a deletionTimestamp while finalizers stand; again is no error. With `uid` only that one.
   * Throws ResourceNotFound, and Conflict where `uid` is another's.
   */
  delete<K extends Kind>(
    kind: K,
    key: ResourceKey & { readonly uid?: string },
    signal: AbortSignal,
  ): Promise<Resources[K]>;
  /**
   * Every change after `since`, in order, until cancelled. Without `since`, first an ADDED for all that is there.
   * Throws WatchExpired where changes after `since` were already forgotten: list again.
   */
  watch<K extends Kind>(kind: K, query: WatchQuery, signal: AbortSignal): AsyncIterable<ResourceEvent<K>>;
}

export type NewResource<K extends Kind> = Omit<Resources[K], "metadata"> & {
  readonly metadata: Pick<Resources[K]["metadata"], "name" | "namespace"> &
    Partial<Pick<Resources[K]["metadata"], "labels" | "annotations" | "finalizers">>;
};

export interface ResourceKey {
  readonly namespace: string;
  readonly name: string;
}

export interface ListQuery {
  /** Undefined for all namespaces. */
  readonly namespace?: string | undefined;
  /** At most this many; 500 unless said. */
  readonly limit?: number | undefined;
  /** `continue` of the list before. Throws InvalidArgument where it is none of ours. */
  readonly continue?: string | undefined;
}

export interface ResourceList<K extends Kind> {
  readonly items: readonly Resources[K][];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
  readonly continue?: string;
}

export interface WatchQuery {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly since?: string | undefined;
}

export interface ResourceEvent<K extends Kind> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** As it was after the change; of DELETED, as it last was. `metadata.resourceVersion` is that of the change. */
  readonly object: Resources[K];
}
