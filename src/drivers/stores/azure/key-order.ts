/**
 * Puts keys that come in the order of their UTF-16 units into that of their UTF-8 bytes, as they come. Nobody says which of
 * the two Azure's is; keys that are in order already stay as they are.
 */
import { byteStringOfText } from "../../../domain/byte-string.ts";

interface Keyed {
  readonly key: string;
}

/** Keys that wait for their turn: behind the prefix each goes on with a character beyond the first 65,536. */
interface Held<T> {
  readonly prefix: string;
  readonly items: readonly T[];
}

/** From the innermost prefix to the outermost, of which each begins with the next. */
export type HeldKeys<T> = readonly Held<T>[];

export interface Ordered<T> {
  /** In order, and before everything that is held or comes later. */
  readonly items: readonly T[];
  readonly held: HeldKeys<T>;
}

/** More of them that wait would take too much memory: they are let go, in whatever order they came. */
const mostHeld = 100_000;

/** Takes the next keys as the store gives them; `isLast` where there are no more. */
export function orderKeys<T extends Keyed>(
  held: HeldKeys<T>,
  next: readonly T[],
  isLast: boolean,
): Ordered<T> {
  const items: T[] = [];
  const waiting: { prefix: string; items: T[] }[] = held.map((group) => ({
    prefix: group.prefix,
    items: [...group.items],
  }));
  const release = (isOver: (prefix: string) => boolean): void => {
    for (let group = waiting[0]; group !== undefined && isOver(group.prefix); group = waiting[0]) {
      items.push(...group.items.toSorted((a, b) => (isAfter(a.key, b.key) ? 1 : -1)));
      waiting.shift();
    }
  };
  for (const item of next) {
    release((prefix) => !item.key.startsWith(prefix));
    const surrogate = item.key.search(/[\ud800-\udfff]/);
    if (surrogate < 0) {
      items.push(item);
      continue;
    }
    const prefix = item.key.slice(0, surrogate);
    if (waiting[0]?.prefix === prefix) waiting[0].items.push(item);
    else waiting.unshift({ prefix, items: [item] });
  }
  const count = waiting.reduce((sum, group) => sum + group.items.length, 0);
  if (isLast || count > mostHeld) release(() => true);
  return { items, held: waiting };
}

/** In the order of bytes. */
export const isAfter = (key: string, other: string): boolean =>
  byteStringOfText(key) > byteStringOfText(other);
