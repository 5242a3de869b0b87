/** The last changes of all resources, in order, from which watches replay; its newest row is the counter of resourceVersions. */
import type { ResourceEvent, ResourceKey } from "../../domain/ports/export-store.ts";
import type { Kind, Resource } from "../../domain/resources/resource.ts";
import { type BoundedRows, boundedRows, type DocumentRow, type RowLimits } from "./bounded-rows.ts";
import type { LocalDatabase } from "./open-database.ts";

export interface HistoryLimits {
  /** Changes that are kept. */
  readonly changes: number;
  /** Characters of JSON that are kept, up to one document more. */
  readonly characters: number;
}

export interface ChangeRow extends DocumentRow {
  readonly version: number;
  readonly type: ResourceEvent<Kind>["type"];
}

export interface ChangeQuery {
  readonly after: number;
  /** Undefined for all. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** Only of resources up to this one in the order of a list; undefined for all. */
  readonly upTo: ResourceKey | undefined;
}

export interface ChangeHistory {
  /** The newest resourceVersion; 0 before the first change. */
  head(): number;
  /** The newest version that is forgotten: changes after it can be read. */
  forgotten(): number;
  /** Within the transaction that makes the change. `version` of the resource is one more than the head. */
  record(type: ChangeRow["type"], resource: Resource): void;
  read(kind: Kind, query: ChangeQuery, limits: RowLimits): BoundedRows<ChangeRow>;
}

/** Rows that one write may trim: more than it adds, so that any backlog goes, and few, so that no write is slow. */
const trimmedAtOnce = 64;

export function changeHistory(database: LocalDatabase, limits: HistoryLimits): ChangeHistory {
  const newest = database.prepare("SELECT version, total FROM changes ORDER BY version DESC LIMIT 1");
  const oldest = database.prepare("SELECT version FROM changes ORDER BY version LIMIT 1");
  const insert = database.prepare(
    "INSERT INTO changes (version, kind, namespace, name, type, total, document) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const trim = database.prepare(
    `DELETE FROM changes WHERE version IN (SELECT version FROM changes ORDER BY version LIMIT ${trimmedAtOnce})
     AND (version <= ? OR total <= ?)`,
  );
  const read = database.prepare(
    `SELECT version, type, namespace, name, document FROM changes WHERE kind = ?1 AND version > ?2
     AND (?3 IS NULL OR namespace = ?3) AND (?4 IS NULL OR name = ?4)
     AND (?5 IS NULL OR (namespace, name) <= (?5, ?6)) ORDER BY version`,
  );
  const numbers = (): { version: number; total: number } =>
    (newest.get() as { version: number; total: number } | undefined) ?? { version: 0, total: 0 };
  return {
    head: () => numbers().version,
    forgotten: () => ((oldest.get() as { version: number } | undefined)?.version ?? 1) - 1,
    record: (type, resource) => {
      const document = JSON.stringify(resource);
      const version = Number(resource.metadata.resourceVersion);
      const total = numbers().total + document.length;
      const { namespace, name } = resource.metadata;
      insert.run(version, resource.kind, namespace, name, type, total, document);
      // The newest always stays: its total is greater than what is trimmed.
      trim.run(version - limits.changes, total - limits.characters);
    },
    read: (kind, { after, namespace, name, upTo }, rowLimits) => {
      const filter = [namespace ?? null, name ?? null, upTo?.namespace ?? null, upTo?.name ?? null];
      return boundedRows(read.iterate(kind, after, ...filter), rowLimits);
    },
  };
}
