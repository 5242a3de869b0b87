/** How often parts were begun. */
import { partOfObject, type PlannedPart } from "../../domain/part.ts";
import type { Destination } from "../../domain/ports/destination.ts";

export interface Attempts {
  readonly total: number;
  /** Planned bytes of content of attempts that came to nothing. */
  readonly redone: number;
}

/** Counts from the marks that stand before each attempt, so it is true over crashes and over processes. */
export async function countAttempts(
  destination: Destination,
  parts: readonly PlannedPart[],
  signal: AbortSignal,
): Promise<Attempts> {
  const made = new Map<number, number>();
  let total = 0;
  for await (const { name } of destination.list("attempts/", signal)) {
    const part = partOfObject(name);
    if (part === undefined) continue;
    made.set(part, (made.get(part) ?? 0) + 1);
    total++;
  }
  let redone = 0;
  for (const part of parts) redone += part.content * Math.max(0, (made.get(part.number) ?? 0) - 1);
  return { total, redone };
}
