/** Resources in SQLite: one growing counter of versions, a history of changes, and watches that read it. */
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type {
  ExportStore,
  ListQuery,
  NewResource,
  ResourceEvent,
  ResourceKey,
  ResourceList,
} from "../../domain/ports/export-store.ts";
import type { Kind, Resources } from "../../domain/resources/resource.ts";
import type { RowLimits } from "./bounded-rows.ts";
import { changeSignal } from "./change-signal.ts";
import { type GroupedWrite, groupCommit } from "./group-commit.ts";
import { changeHistory, type HistoryLimits } from "./change-history.ts";
import type { LocalDatabase } from "./open-database.ts";
import { readCursor, writeCursor } from "./page-cursor.ts";
import { readDocument, resourceTable } from "./resource-table.ts";
import {
  hasFinalizers,
  isWaitingForDeletion,
  newDocument,
  withContent,
  withDeletion,
  withStatus,
} from "./stored-document.ts";
import { watch, type WatchSources } from "./watch.ts";

export interface ExportStoreOptions {
  /** Makes the uid of a new resource. */
  readonly newId: () => string;
  readonly clock: Clock;
  /** How much of the past a watch may go on from; 10,000 changes and 256 Mi characters unless said. */
  readonly history?: HistoryLimits;
}

const defaultHistory: HistoryLimits = { changes: 10_000, characters: 2 ** 28 };
const defaultPage = 500;
/** A page of a list ends early where its documents are large. */
const pageCharacters = 2 ** 23;

/** The store over an open database; nothing of it needs closing. A `status` that a new resource has is kept. */
export function sqliteExportStore(database: LocalDatabase, options: ExportStoreOptions): ExportStore {
  const table = resourceTable(database);
  const history = changeHistory(database, options.history ?? defaultHistory);
  const feed = changeSignal();
  const sources: WatchSources = { database, table, history, feed };

  const commits = groupCommit(database);
  const write = async <K extends Kind>(
    signal: AbortSignal,
    work: (version: number) => Change<K>,
  ): Promise<Resources[K]> => {
    signal.throwIfAborted();
    const grouped: GroupedWrite<Change<K>> = {
      decide: () => work(history.head() + 1),
      apply: ({ type, resource }) => {
        if (type === "none") return;
        if (type === "DELETED") table.remove(resource);
        else table.put(resource);
        history.record(type, resource);
      },
      committed: ({ type, resource }) => {
        if (type !== "none") feed.announce(resource);
      },
    };
    return (await commits.add(grouped, signal)).resource;
  };
  const current = <K extends Kind>(kind: K, wanted: Resources[K]): Resources[K] => {
    const before = existing(kind, wanted.metadata, table.get(kind, wanted.metadata));
    const { uid, resourceVersion } = wanted.metadata;
    if (before.metadata.resourceVersion !== resourceVersion || before.metadata.uid !== uid)
      throw new LongshoreError("Conflict", `${nameOf(kind, wanted.metadata)} was changed by somebody else`);
    return before;
  };

  return {
    create: (kind, resource, signal) =>
      write(signal, (version) => {
        if (table.get(kind, resource.metadata) !== undefined)
          throw new LongshoreError("AlreadyExists", `${nameOf(kind, resource.metadata)} exists`);
        return { type: "ADDED", resource: born(kind, resource, version) };
      }),
    get: async (kind, key, signal) => {
      signal.throwIfAborted();
      return database.read(() => table.get(kind, key));
    },
    list: async (kind, query, signal) => {
      signal.throwIfAborted();
      return database.read(() => list(sources, kind, query));
    },
    update: (kind, resource, signal) =>
      write(signal, (version) => {
        const before = current(kind, resource);
        const after = withContent(before, resource, version);
        const isLast = isWaitingForDeletion(after) && !hasFinalizers(after);
        return changed(before, after, isLast ? "DELETED" : "MODIFIED");
      }),
    updateStatus: replaceStatus,
    updateProgress: (resource, signal) => replaceStatus("Export", resource, signal),
    delete: (kind, key, signal) =>
      write(signal, (version) => {
        const before = existing(kind, key, table.get(kind, key));
        if (key.uid !== undefined && key.uid !== before.metadata.uid)
          throw new LongshoreError("Conflict", `${nameOf(kind, key)} is another one of the same name`);
        if (isWaitingForDeletion(before)) return { type: "none", resource: before };
        const resource = withDeletion(before, version, options.clock.now());
        return { type: hasFinalizers(before) ? "MODIFIED" : "DELETED", resource };
      }),
    watch: (kind, query, signal) => watch(sources, kind, query, signal),
  };

  function replaceStatus<K extends Kind>(
    kind: K,
    resource: Resources[K],
    signal: AbortSignal,
  ): Promise<Resources[K]> {
    return write(signal, (version) => {
      const before = current(kind, resource);
      return changed(before, withStatus(before, resource, version), "MODIFIED");
    });
  }

  function born<K extends Kind>(kind: K, resource: NewResource<K>, version: number): Resources[K] {
    return newDocument(kind, resource, { uid: options.newId(), version, now: options.clock.now() });
  }
}

interface Change<K extends Kind> {
  readonly type: ResourceEvent<K>["type"] | "none";
  readonly resource: Resources[K];
}

const changed = <K extends Kind>(
  before: Resources[K],
  after: Resources[K],
  type: ResourceEvent<K>["type"],
): Change<K> => ({ type: after === before ? "none" : type, resource: after });

function existing<K extends Kind>(kind: K, key: ResourceKey, found: Resources[K] | undefined): Resources[K] {
  if (found === undefined) throw new LongshoreError("ResourceNotFound", `there is no ${nameOf(kind, key)}`);
  return found;
}

const nameOf = (kind: Kind, { namespace, name }: ResourceKey): string => `${kind} ${namespace}/${name}`;

function list<K extends Kind>(sources: WatchSources, kind: K, query: ListQuery): ResourceList<K> {
  const { database, table, history } = sources;
  const { namespace, limit = defaultPage } = query;
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new LongshoreError("InvalidArgument", `a list of ${limit} is none`, {
      hint: "give a limit of 1 or more",
    });
  const cursor = query.continue === undefined ? undefined : readCursor(kind, namespace, query.continue);
  const version = cursor?.version ?? history.head();
  const limits: RowLimits = { rows: limit, characters: pageCharacters };
  const { rows, complete } = table.page(kind, { namespace, name: undefined, after: cursor?.after }, limits);
  const items = rows.map((row) => readDocument(kind, row, database.file));
  const last = rows.at(-1);
  const next =
    complete || last === undefined ? undefined : writeCursor(kind, namespace, { version, after: last });
  return { items, resourceVersion: `${version}`, ...(next === undefined ? {} : { continue: next }) };
}
