/** Rows up to a number and up to a weight, so that large documents make a page short instead of the memory large. */
import type { StatementSync } from "node:sqlite";

/** A document's JSON and where it stands. */
export interface DocumentRow {
  readonly namespace: string;
  readonly name: string;
  readonly document: string;
}

export interface RowLimits {
  readonly rows: number;
  /** Characters of JSON; the row that passes it is the last. */
  readonly characters: number;
}

export interface BoundedRows<R> {
  readonly rows: readonly R[];
  /** False where the statement had more. */
  readonly complete: boolean;
}

export function boundedRows<R extends DocumentRow>(
  rowsOf: ReturnType<StatementSync["iterate"]>,
  limits: RowLimits,
): BoundedRows<R> {
  const rows: R[] = [];
  let characters = 0;
  for (const found of rowsOf) {
    if (rows.length === limits.rows || characters >= limits.characters) return { rows, complete: false };
    const row = found as unknown as R;
    rows.push(row);
    characters += row.document.length;
  }
  return { rows, complete: true };
}
