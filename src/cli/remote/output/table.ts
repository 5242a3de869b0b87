/** Tables whose rows come a page at a time. */
import { shown, shownBytes } from "./shown.ts";

export interface Column<T> {
  readonly title: string;
  /** Shown with -o wide alone. */
  readonly wide?: true;
  /** Numbers end where their column ends. */
  readonly right?: true;
  /** The value is a byte string. */
  readonly bytes?: true;
  /** Foreign text may stand in it; "" is shown as a dash. `now` is in milliseconds. */
  readonly value: (item: T, now: number) => string;
}

export interface Table<T> {
  /** The lines of these rows; before the first ones that of the titles. */
  lines(items: readonly T[]): string;
}

/** Columns are as wide as what they held so far: a later page may widen them, and none is waited for. */
export function table<T>(columns: readonly Column<T>[], now: () => number): Table<T> {
  const widths = columns.map(({ title }) => title.length);
  let isFirst = true;
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, i) =>
        columns[i]?.right === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join("   ")
      .trimEnd()}\n`;
  return {
    lines: (items) => {
      const time = now();
      const rows = items.map((item) => columns.map((column) => cellOf(column, item, time)));
      for (const row of rows)
        for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
      const titles = isFirst ? line(columns.map(({ title }) => title)) : "";
      isFirst = false;
      return titles + rows.map(line).join("");
    },
  };
}

function cellOf<T>({ value, bytes }: Column<T>, item: T, now: number): string {
  const text = value(item, now);
  if (text === "") return "-";
  return bytes === true ? shownBytes(text) : shown(text);
}
