/** What a document becomes by each write; pure, so that the store is only where it lies. */
import { isDeepStrictEqual } from "node:util";
import type { NewResource } from "../../domain/ports/export-store.ts";
import { apiVersion, type Kind, type Resource, type Resources } from "../../domain/resources/resource.ts";

type Metadata = Resource["metadata"];

export interface Birth {
  readonly uid: string;
  readonly version: number;
  readonly now: number;
}

export function newDocument<K extends Kind>(
  kind: K,
  resource: NewResource<K>,
  { uid, version, now }: Birth,
): Resources[K] {
  const { name, namespace } = resource.metadata;
  return plain({
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion: `${version}`,
      generation: 1,
      creationTimestamp: new Date(now).toISOString(),
      ...chosen(resource.metadata),
    },
    spec: resource.spec,
    status: resource.status,
  }) as unknown as Resources[K];
}

/** Labels, annotations, finalizers and spec of `wanted`; `before` itself where nothing changes. */
export function withContent<K extends Kind>(
  before: Resources[K],
  wanted: Resources[K],
  version: number,
): Resources[K] {
  const { labels: _labels, annotations: _annotations, finalizers: _finalizers, ...decided } = before.metadata;
  const spec = plain(wanted.spec);
  const generation = decided.generation + (isDeepStrictEqual(spec, before.spec) ? 0 : 1);
  const after = { ...before, metadata: { ...decided, generation, ...chosen(wanted.metadata) }, spec };
  return withVersion(before, after as Resources[K], version);
}

/** The status of `wanted`; `before` itself where nothing changes. */
export function withStatus<K extends Kind>(
  before: Resources[K],
  wanted: Resources[K],
  version: number,
): Resources[K] {
  return withVersion(before, { ...before, status: wanted.status }, version);
}

/** As it last was, or waiting for its finalizers. */
export function withDeletion<K extends Kind>(
  before: Resources[K],
  version: number,
  now: number,
): Resources[K] {
  const waits = { ...before.metadata, deletionTimestamp: new Date(now).toISOString() };
  const metadata = hasFinalizers(before) ? waits : before.metadata;
  return withVersion(before, { ...before, metadata }, version, true);
}

export const hasFinalizers = ({ metadata }: Resource): boolean => (metadata.finalizers?.length ?? 0) > 0;
export const isWaitingForDeletion = ({ metadata }: Resource): boolean =>
  metadata.deletionTimestamp !== undefined;

function withVersion<K extends Kind>(
  before: Resources[K],
  after: Resources[K],
  version: number,
  always = false,
): Resources[K] {
  const document = plain(after);
  if (!always && isDeepStrictEqual(document, before)) return before;
  return { ...document, metadata: { ...document.metadata, resourceVersion: `${version}` } };
}

/** What whoever writes a resource says of it; what is empty is not there. */
function chosen(metadata: Partial<Metadata>): Partial<Metadata> {
  const { labels, annotations, finalizers } = metadata;
  return {
    ...(finalizers === undefined || finalizers.length === 0 ? {} : { finalizers }),
    ...(isEmpty(labels) ? {} : { labels }),
    ...(isEmpty(annotations) ? {} : { annotations }),
  };
}

const isEmpty = (record: Readonly<Record<string, string>> | undefined): boolean =>
  record === undefined || Object.keys(record).length === 0;

/** As it will be read again: apart from the caller's objects, and without members that are undefined. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
