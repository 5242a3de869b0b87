/** The API server of a cluster as our adapters use it: one request a call, errors of the catalogue. */

/** A kind of objects by its place in the API: core objects have the group "". */
export interface KubeResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeObjectMeta;
}

export interface KubeObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface KubeKey {
  /** Undefined for kinds that lie in no namespace. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface KubeQuery {
  /** Undefined for all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface KubeListQuery extends KubeQuery {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
}

export interface KubeList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
}

export interface KubeWatchQuery extends KubeQuery {
  readonly resourceVersion: string;
  /** The server ends the watch after so long; the caller begins another. */
  readonly timeoutSeconds: number;
}

export type KubeEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  /** Nothing changed up to here. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export interface WriteOptions {
  /** The server checks and admits it, and keeps nothing. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}

export interface DeleteOptions {
  /** Only that one: Conflict where another stands under its name. */
  readonly uid?: string | undefined;
  /** "Background" unless said: without it the pods of a deleted Job run on. */
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
}

/**
 * Errors: ResourceNotFound (404), AlreadyExists and Conflict (409, as the server's reason says), WatchExpired (410),
 * InvalidDocument (400, 422), Forbidden (403: roles, quota, policies), Unauthenticated (401), TooManyRequests (429),
 * ServerFailed (5xx, and answers that are none), ServerUnreachable. The message is the API server's own sentence;
 * `apiStatusOf` in client/api-status.ts says the rest: reason, causes, how long to wait. A write that ends with ServerUnreachable
 * may have been done. Objects come without managedFields.
 */
export interface KubeApi {
  /** Undefined where there is none; ResourceNotFound where the server does not know the kind. */
  get<T extends KubeObject>(
    resource: KubeResource,
    key: KubeKey,
    signal: AbortSignal,
  ): Promise<T | undefined>;
  list<T extends KubeObject>(
    resource: KubeResource,
    query: KubeListQuery,
    signal: AbortSignal,
  ): Promise<KubeList<T>>;
  /** Ends when the server ends it. Throws WatchExpired where `resourceVersion` is too old, also in the middle. */
  watch<T extends KubeObject>(
    resource: KubeResource,
    query: KubeWatchQuery,
    signal: AbortSignal,
  ): AsyncIterable<KubeEvent<T>>;
  create<T extends KubeObject>(
    resource: KubeResource,
    object: T,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<T>;
  /** Replaces it; with a resourceVersion in its metadata only that one. `subresource` "status" replaces the status alone. */
  replace<T extends KubeObject>(
    resource: KubeResource,
    object: T,
    options: WriteOptions & { readonly subresource?: "status" },
    signal: AbortSignal,
  ): Promise<T>;
  /** JSON merge patch (RFC 7396). */
  patch<T extends KubeObject>(
    resource: KubeResource,
    key: KubeKey,
    patch: object,
    options: WriteOptions & { readonly subresource?: "status" },
    signal: AbortSignal,
  ): Promise<T>;
  /** Server-side apply, forced, under the field manager. */
  apply<T extends KubeObject>(
    resource: KubeResource,
    object: T,
    options: { readonly fieldManager: string; readonly dryRun?: boolean; readonly subresource?: "status" },
    signal: AbortSignal,
  ): Promise<T>;
  /** None is no error. */
  delete(resource: KubeResource, key: KubeKey, options: DeleteOptions, signal: AbortSignal): Promise<void>;
  /** The last lines that a container of the pod printed. */
  podLog(
    key: KubeKey,
    options: { readonly tailLines: number; readonly container?: string },
    signal: AbortSignal,
  ): Promise<string>;
  /** What a container of the pod printed, as it comes: with `follow` until it ends or the line is cut, which look the same. */
  podLogStream(
    key: KubeKey,
    options: PodLogOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined>;
}

export interface PodLogOptions {
  readonly container?: string;
  readonly follow?: boolean;
  /** Each line begins with its RFC 3339 time and a space. */
  readonly timestamps?: boolean;
  /** At most so many of the last lines. */
  readonly tailLines?: number | undefined;
  /** Only lines from this RFC 3339 second on. */
  readonly sinceTime?: string | undefined;
}
