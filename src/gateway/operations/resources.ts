/** What is done with resources of every kind: read one, list, make, change, delete. */
import type { IncomingHttpHeaders } from "node:http";
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import type { ExportStore, NewResource, ResourceKey } from "../../domain/ports/export-store.ts";
import { requestAnnotation } from "../../domain/ports/idempotency.ts";
import { apiVersion, type Kind, type Resources } from "../../domain/resources/resource.ts";
import { etagOf, isKnown, matches } from "../http/etag.ts";
import type { Answer } from "./operation.ts";

/** Throws ResourceNotFound. */
export async function existing<K extends Kind>(
  store: ExportStore,
  kind: K,
  key: ResourceKey,
  signal: AbortSignal,
): Promise<Resources[K]> {
  const found = await store.get(kind, key, signal);
  if (found === undefined)
    throw new LongshoreError("ResourceNotFound", `there is no ${kind} ${key.namespace}/${key.name}`);
  return found;
}

/** 200 with the document, or 304 where the caller has it. */
export function documentAnswer(resource: Resources[Kind], headers: IncomingHttpHeaders): Answer {
  const etag = etagOf(resource.metadata.resourceVersion);
  if (isKnown(headers["if-none-match"], etag)) return { status: 304, headers: { ETag: etag } };
  return { status: 200, headers: { ETag: etag }, body: resource };
}

export interface Page {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
}

export interface ListRequest<K extends Kind> {
  readonly kind: K;
  readonly namespace?: string | undefined;
  readonly page: Page;
  /** Those that are shown; all unless said. */
  readonly isShown?: (resource: Resources[K]) => boolean;
  readonly show?: (resource: Resources[K]) => Resources[K];
}

const defaultLimit = 500;

/** A list document. Where few are shown it reads on, page by page, so that an empty page means the end. */
export async function listAnswer<K extends Kind>(
  store: ExportStore,
  { kind, namespace, page, isShown = () => true, show = (resource) => resource }: ListRequest<K>,
  signal: AbortSignal,
): Promise<Answer> {
  const { limit = defaultLimit } = page;
  const items: Resources[K][] = [];
  let version: string | undefined;
  let position = page.continue;
  do {
    // Exactly as many as there is room for: what `continue` names can't lie in the middle of a page.
    const query = { namespace, limit: limit - items.length, continue: position };
    const part = await store.list(kind, query, signal);
    version ??= part.resourceVersion;
    items.push(...part.items.filter(isShown).map(show));
    position = part.continue;
  } while (position !== undefined && items.length === 0);
  const metadata = {
    resourceVersion: version,
    ...(position === undefined ? undefined : { continue: position }),
  };
  return { status: 200, body: { apiVersion, kind: `${kind}List`, metadata, items } };
}

/**
 * Makes it, or finds that this very request has made it before and was cut off: see the port Idempotency.
 * Throws AlreadyExists.
 */
export async function createOnce<K extends Kind>(
  store: ExportStore,
  kind: K,
  resource: NewResource<K>,
  signal: AbortSignal,
): Promise<Resources[K]> {
  try {
    return await store.create(kind, resource, signal);
  } catch (error) {
    const requestId = resource.metadata.annotations?.[requestAnnotation];
    if (!hasCode(error, "AlreadyExists") || requestId === undefined) throw error;
    const found = await store.get(kind, resource.metadata, signal);
    if (found?.metadata.annotations?.[requestAnnotation] !== requestId) throw error;
    return found;
  }
}

const attempts = 8;

export interface Change<K extends Kind> {
  readonly kind: K;
  readonly key: ResourceKey;
  readonly ifMatch: string | undefined;
  /** What it becomes; itself where nothing changes. */
  readonly become: (before: Resources[K]) => Resources[K];
}

/**
 * Reads, changes and writes, again where others wrote meanwhile: a controller writes the status all the time.
 * Throws PreconditionFailed, ResourceNotFound, Conflict, and what `become` throws.
 */
export async function changeResource<K extends Kind>(
  store: ExportStore,
  { kind, key, ifMatch, become }: Change<K>,
  signal: AbortSignal,
): Promise<Resources[K]> {
  for (let attempt = 1; ; attempt++) {
    const before = await existing(store, kind, key, signal);
    if (!matches(ifMatch, etagOf(before.metadata.resourceVersion)))
      throw new LongshoreError(
        "PreconditionFailed",
        `${kind} ${key.namespace}/${key.name} is not what If-Match names`,
      );
    const after = become(before);
    if (after === before) return before;
    try {
      return await store.update(kind, after, signal);
    } catch (error) {
      const isConflict = hasCode(error, "Conflict");
      if (!isConflict || ifMatch !== undefined || attempt === attempts) throw error;
    }
  }
}
