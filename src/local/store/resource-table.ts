/** The resources as they are now. */
import { LongshoreError } from "../../domain/errors.ts";
import type { ResourceKey } from "../../domain/ports/export-store.ts";
import type { Kind, Resource, Resources } from "../../domain/resources/resource.ts";
import { type BoundedRows, boundedRows, type DocumentRow, type RowLimits } from "./bounded-rows.ts";
import { restoreHint } from "./database-error.ts";
import type { LocalDatabase } from "./open-database.ts";

export interface ResourceTable {
  get<K extends Kind>(kind: K, key: ResourceKey): Resources[K] | undefined;
  put(resource: Resource): void;
  remove(resource: Resource): void;
  /** In order of namespace and name, after `after`. */
  page(kind: Kind, query: TableQuery, limits: RowLimits): BoundedRows<DocumentRow>;
}

export interface TableQuery {
  /** Undefined for all. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** Undefined for the beginning. */
  readonly after: ResourceKey | undefined;
}

export function resourceTable(database: LocalDatabase): ResourceTable {
  const get = database.prepare(
    "SELECT namespace, name, document FROM resources WHERE kind = ? AND namespace = ? AND name = ?",
  );
  const put = database.prepare(
    `INSERT INTO resources (kind, namespace, name, document) VALUES (?, ?, ?, ?)
     ON CONFLICT (kind, namespace, name) DO UPDATE SET document = excluded.document`,
  );
  const remove = database.prepare("DELETE FROM resources WHERE kind = ? AND namespace = ? AND name = ?");
  // Two statements, because one condition for both would keep SQLite from the index.
  const everywhere = database.prepare(
    `SELECT namespace, name, document FROM resources WHERE kind = ? AND (namespace, name) > (?, ?)
     AND (?4 IS NULL OR name = ?4) ORDER BY namespace, name`,
  );
  const within = database.prepare(
    `SELECT namespace, name, document FROM resources WHERE kind = ? AND namespace = ? AND name > ?
     AND (?4 IS NULL OR name = ?4) ORDER BY name`,
  );
  return {
    get: (kind, { namespace, name }) => {
      const row = get.get(kind, namespace, name) as unknown as DocumentRow | undefined;
      return row === undefined ? undefined : readDocument(kind, row, database.file);
    },
    put: (resource) => {
      const { namespace, name } = resource.metadata;
      put.run(resource.kind, namespace, name, JSON.stringify(resource));
    },
    remove: ({ kind, metadata: { namespace, name } }) => {
      remove.run(kind, namespace, name);
    },
    page: (kind, { namespace, name, after }, limits) => {
      const wanted = name ?? null;
      const rows =
        namespace === undefined
          ? everywhere.iterate(kind, after?.namespace ?? "", after?.name ?? "", wanted)
          : within.iterate(kind, namespace, after?.name ?? "", wanted);
      return boundedRows(rows, limits);
    },
  };
}

/** Throws Damaged, which names the resource: what stands in our own rows is trusted, but not guessed. */
export function readDocument<K extends Kind>(kind: K, row: DocumentRow, file: string): Resources[K] {
  const { namespace, name, document } = row;
  const damaged = (cause?: unknown): LongshoreError =>
    new LongshoreError("Damaged", `the ${kind} ${namespace}/${name} in ${file} can't be read`, {
      hint: restoreHint,
      cause,
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch (error) {
    throw damaged(error);
  }
  if (!isResource(parsed, kind, row)) throw damaged();
  return parsed as Resources[K];
}

/** Whether it is what its row says, which a row of another program or a half written one would not be. */
function isResource(value: unknown, kind: Kind, row: DocumentRow): boolean {
  const resource = value as Partial<Resource> | null;
  const metadata = resource?.metadata;
  return resource?.kind === kind && metadata?.namespace === row.namespace && metadata.name === row.name;
}
