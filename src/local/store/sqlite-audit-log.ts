/** The audit in SQLite; triggers of the database refuse to change what stands in it. */
import { LongshoreError } from "../../domain/errors.ts";
import type {
  AuditLog,
  AuditPage,
  AuditQuery,
  AuditRecord,
  NewAuditRecord,
} from "../../domain/ports/audit-log.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { LocalDatabase } from "./open-database.ts";

interface AuditRow extends Readonly<Record<Exclude<keyof AuditRecord, "download">, unknown>> {
  readonly id: number;
  readonly download: string | null;
}

const largestPage = 1000;

export function sqliteAuditLog(database: LocalDatabase, clock: Clock): AuditLog {
  const insert = database.prepare(
    `INSERT INTO audit (time, actor, action, kind, namespace, name, uid, status, address, download, reason)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // One statement for each way to ask, because one condition for all would keep SQLite from the indexes.
  const select = (condition: string): ReturnType<LocalDatabase["prepare"]> =>
    database.prepare(`SELECT * FROM audit WHERE ${condition} AND id < ? ORDER BY id DESC LIMIT ?`);
  const all = select("true");
  const ofNamespace = select("namespace = ?");
  const ofName = select("name = ?");
  const ofBoth = select("name = ? AND namespace = ?");

  const rows = ({ namespace, name, before, limit }: AuditQuery): AuditRow[] => {
    const page = [before ?? Number.MAX_SAFE_INTEGER, limit + 1] as const;
    const found = (): unknown[] => {
      if (name !== undefined && namespace !== undefined) return ofBoth.all(name, namespace, ...page);
      if (name !== undefined) return ofName.all(name, ...page);
      if (namespace !== undefined) return ofNamespace.all(namespace, ...page);
      return all.all(...page);
    };
    return found() as AuditRow[];
  };

  return {
    append: (record) =>
      database.write(() => {
        const { actor, action, kind, status } = record;
        const time = new Date(clock.now()).toISOString();
        const [namespace, name, uid, address, reason] = optional(record);
        const download = record.download === undefined ? null : JSON.stringify(record.download);
        insert.run(time, actor, action, kind, namespace, name, uid, status, address, download, reason);
      }),
    list: (query): AuditPage => {
      const { limit } = query;
      if (!Number.isSafeInteger(limit) || limit < 1 || limit > largestPage)
        throw new LongshoreError("InvalidArgument", `a page of ${limit} audit records is none`, {
          hint: `give a limit of 1 to ${largestPage}`,
        });
      return database.read(() => {
        const found = rows(query);
        const items = found.slice(0, limit).map(toRecord);
        const next = found.length > limit ? items.at(-1)?.id : undefined;
        return { items, ...(next === undefined ? {} : { next }) };
      });
    },
  };
}

function optional({ namespace, name, uid, address, reason }: NewAuditRecord) {
  return [namespace ?? null, name ?? null, uid ?? null, address ?? null, reason ?? null] as const;
}

/** What is not there has no member. */
function toRecord({ download, ...row }: AuditRow): AuditRecord {
  const members = Object.entries(row).filter(([, value]) => value !== null);
  const parsed = download === null ? {} : { download: JSON.parse(download) as unknown };
  return { ...Object.fromEntries(members), ...parsed } as unknown as AuditRecord;
}
