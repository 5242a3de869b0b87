/** Records of downloads that could not be written when they ended: they are written first, before anybody gets more. */
import type { AuditLog, NewAuditRecord } from "../domain/ports/audit-log.ts";

export interface OwedRecords {
  /** Never loses a record while this process lives. Throws what keeps it from being written now. */
  append(record: NewAuditRecord): void;
  /** Writes what is owed. Throws what keeps it from being written: no bytes go out without a record. */
  settle(): void;
}

export function createOwedRecords(audit: Pick<AuditLog, "append">): OwedRecords {
  const owed: NewAuditRecord[] = [];
  const settle = (): void => {
    for (let [next] = owed; next !== undefined; [next] = owed) {
      audit.append(next);
      owed.shift();
    }
  };
  return {
    append: (record) => {
      owed.push(record);
      settle();
    },
    settle,
  };
}
