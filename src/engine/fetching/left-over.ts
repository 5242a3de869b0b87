/** What an interrupted download of an archive has left: parts that hold, and bytes that are worth a look. */
import type { Archive } from "./archive.ts";
import type { ArchiveState, Stamp } from "./state-file.ts";

export interface LeftOver {
  /** Numbers of the parts that hold without being read. */
  readonly done: ReadonlySet<number>;
  /** Bytes that seem to be there of other parts, by number; only their digest will tell. */
  readonly running: ReadonlyMap<number, number>;
  readonly etag: string | undefined;
}

/**
 * The state is believed only as far as it is of this very manifest, and about checked parts only where the file still looks as
 * it did when the state was written. Without a state, whatever the file holds may be right.
 */
export function leftOver(archive: Archive, state: ArchiveState | undefined, found: Stamp): LeftOver {
  const isOwn = state?.manifest === archive.manifestSha256 && state.size === archive.size;
  const done = new Set(isOwn && looksAs(state.stamp, found) ? state.done : []);
  const written = isOwn ? writtenOf(state) : undefined;
  const running = new Map<number, number>();
  for (const { number, offset, size } of archive.parts) {
    const said = written === undefined ? size : (written.get(number) ?? 0);
    const there = Math.min(size, said, found.size - offset);
    if (there > 0 && !done.has(number)) running.set(number, there);
  }
  return { done, running, etag: isOwn ? state.etag : undefined };
}

const looksAs = (stamp: Stamp | undefined, found: Stamp): boolean =>
  stamp?.size === found.size && stamp.mtime === found.mtime;

function writtenOf({ done, running }: ArchiveState): Map<number, number> {
  return new Map([
    ...running.map(({ part, bytes }) => [part, bytes] as const),
    ...done.map((part) => [part, Infinity] as const),
  ]);
}
