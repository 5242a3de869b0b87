/** The ExportStore port over a cluster's API server: optimistic writes by resourceVersion, its lists and its watches. */
import { isDeepStrictEqual } from "node:util";
import { LongshoreError } from "../../domain/errors.ts";
import type {
  ExportStore,
  ListQuery,
  ResourceEvent,
  ResourceKey,
  ResourceList,
  WatchQuery,
} from "../../domain/ports/export-store.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import { apiVersion, type Kind, type Resources } from "../../domain/resources/resource.ts";
import { apiStatusOf } from "../client/api-status.ts";
import { followChanges } from "../client/follow-changes.ts";
import type { KubeApi, KubeList, KubeQuery } from "../kube-api.ts";
import {
  chosenOf,
  type KubeDocument,
  nameOf,
  newDocument,
  readDocument,
  resourceOf,
} from "./kube-document.ts";
import { readable } from "./readable.ts";

export interface KubeStoreOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** From 0 to 1, at random. */
  readonly random: () => number;
  /**
   * Told of a document that can't be read, in a list or a watch, which goes on without it: one that somebody damaged
   * must not stop all others. `get` of it throws.
   */
  readonly onError: (error: unknown, about: string) => void;
}

/** Whose the numbers of a running attempt are, in `managedFields`. */
const progressManager = "longshore-progress";
const defaultPage = 500;
/** Of the beginning of a watch, whose documents are held until they are taken. */
const watchPage = 200;

/**
 * Nothing of it needs closing. A status that a new resource has is not kept. Beside the errors of the port it throws those of KubeApi.
 */
export function kubeExportStore(options: KubeStoreOptions): ExportStore {
  const { api } = options;

  const existing = async (kind: Kind, key: ResourceKey, signal: AbortSignal): Promise<KubeDocument> => {
    const document = await api.get<KubeDocument>(resourceOf(kind), keyOf(key), signal);
    if (document === undefined)
      throw new LongshoreError("ResourceNotFound", `there is no ${nameOf(kind, key)}`);
    return document;
  };

  return {
    create: async (kind, resource, signal) => {
      const created = await api
        .create(resourceOf(kind), newDocument(kind, resource), {}, signal)
        .catch((error) => {
          throw named(error, kind, resource.metadata);
        });
      return readDocument(kind, created);
    },
    get: async (kind, key, signal) => {
      const document = await api.get<KubeDocument>(resourceOf(kind), keyOf(key), signal);
      return document === undefined ? undefined : readDocument(kind, document);
    },
    list: (kind, query, signal) => list(options, kind, query, signal),
    update: async (kind, resource, signal) => {
      const before = await existing(kind, resource.metadata, signal);
      const { uid, resourceVersion } = resource.metadata;
      if (before.metadata.uid !== uid || before.metadata.resourceVersion !== resourceVersion)
        throw new LongshoreError("Conflict", `${nameOf(kind, before.metadata)} was changed by somebody else`);
      const after = await api.replace(resourceOf(kind), withContent(kind, before, resource), {}, signal);
      return readDocument(kind, after);
    },
    updateStatus: async (kind, resource, signal) => {
      const { name, namespace, uid, resourceVersion } = resource.metadata;
      const document: KubeDocument = {
        apiVersion,
        kind,
        metadata: { name, namespace, uid, resourceVersion },
        spec: resource.spec,
        status: resource.status,
      };
      return readDocument(
        kind,
        await api.replace(resourceOf(kind), document, { subresource: "status" }, signal),
      );
    },
    updateProgress: async (resource, signal) => {
      const { name, namespace, uid, resourceVersion } = resource.metadata;
      const { parts, display, progress } = resource.status ?? {};
      const document: KubeDocument = {
        apiVersion,
        kind: "Export",
        // Only upon what was read: an attempt that has ended since must not get its progress back.
        metadata: { name, namespace, uid, resourceVersion },
        status: { parts, display, progress },
      };
      const options = { subresource: "status", fieldManager: progressManager } as const;
      return readDocument("Export", await api.apply(resourceOf("Export"), document, options, signal));
    },
    delete: async (kind, key, signal) => {
      const before = await existing(kind, key, signal);
      const { uid } = before.metadata;
      if (key.uid !== undefined && key.uid !== uid)
        throw new LongshoreError("Conflict", `${nameOf(kind, key)} is another one of the same name`);
      await api.delete(resourceOf(kind), keyOf(key), { uid }, signal);
      const after = await api.get<KubeDocument>(resourceOf(kind), keyOf(key), signal);
      return readDocument(kind, after !== undefined && after.metadata.uid === uid ? after : before);
    },
    watch: (kind, query, signal) => watch(options, kind, query, signal),
  };
}

/** Owners, unknown members and what the API server fills in stay as they are. */
function withContent<K extends Kind>(kind: K, before: KubeDocument, wanted: Resources[K]): KubeDocument {
  const { labels: _labels, annotations: _annotations, finalizers: _finalizers, ...kept } = before.metadata;
  const isSame = isDeepStrictEqual(readDocument(kind, before).spec, wanted.spec);
  return {
    ...before,
    metadata: { ...kept, ...chosenOf(wanted.metadata) },
    spec: isSame ? before.spec : wanted.spec,
  };
}

async function list<K extends Kind>(
  options: KubeStoreOptions,
  kind: K,
  { namespace, limit = defaultPage, continue: cursor }: ListQuery,
  signal: AbortSignal,
): Promise<ResourceList<K>> {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new LongshoreError("InvalidArgument", `a list of ${limit} is none`, {
      hint: "give a limit of 1 or more",
    });
  const query = { namespace, limit, continue: cursor };
  const page = await options.api.list<KubeDocument>(resourceOf(kind), query, signal).catch((error) => {
    throw cursor !== undefined && apiStatusOf(error)?.code === 400 ? notOfThisList(error) : error;
  });
  const { resourceVersion, continue: next } = page;
  const items = page.items.flatMap((document) => readable(kind, document, options.onError));
  return { items, resourceVersion, ...(next === undefined ? {} : { continue: next }) };
}

async function* watch<K extends Kind>(
  options: KubeStoreOptions,
  kind: K,
  { namespace, name, since }: WatchQuery,
  signal: AbortSignal,
): AsyncGenerator<ResourceEvent<K>, void, undefined> {
  const { api, clock, random } = options;
  if (since !== undefined && !/^\d{1,20}$/.test(since))
    throw new LongshoreError(
      "InvalidArgument",
      `${JSON.stringify(since)} is no resourceVersion to watch from`,
      {
        hint: "take it from a list, or from the last event",
      },
    );
  const resource = resourceOf(kind);
  const query = { namespace, fieldSelector: name === undefined ? undefined : selectorOf(name) };
  const position = since ?? (yield* beginning(options, kind, query, signal));
  const changes = followChanges<KubeDocument>({ api, resource, query, clock, random }, position, signal);
  for await (const event of changes) {
    if (event.type === "BOOKMARK") continue;
    for (const object of readable(kind, event.object, options.onError)) yield { type: event.type, object };
  }
}

/** Everything that is there; returns the version from which changes follow. */
async function* beginning<K extends Kind>(
  { api, onError }: KubeStoreOptions,
  kind: K,
  query: KubeQuery,
  signal: AbortSignal,
): AsyncGenerator<ResourceEvent<K>, string, undefined> {
  let position: string | undefined;
  let next: string | undefined;
  do {
    const page: KubeList<KubeDocument> = await api.list<KubeDocument>(
      resourceOf(kind),
      { ...query, limit: watchPage, continue: next },
      signal,
    );
    position ??= page.resourceVersion;
    next = page.continue;
    for (const document of page.items)
      for (const object of readable(kind, document, onError)) yield { type: "ADDED", object };
    signal.throwIfAborted();
  } while (next !== undefined);
  return position;
}

const keyOf = ({ namespace, name }: ResourceKey): ResourceKey => ({ namespace, name });

const selectorOf = (name: string): string => `metadata.name=${name.replaceAll(/[\\,=]/g, "\\$&")}`;

/** The API server's sentence does not say in which namespace. */
function named(error: unknown, kind: Kind, key: ResourceKey): unknown {
  if (!(error instanceof LongshoreError) || error.code !== "AlreadyExists") return error;
  return new LongshoreError("AlreadyExists", `${nameOf(kind, key)} exists`, { cause: error });
}

const notOfThisList = (cause: unknown): LongshoreError =>
  new LongshoreError("InvalidArgument", "`continue` is not of this list", {
    cause,
    hint: "give the one of the page before, or begin again without it",
  });
