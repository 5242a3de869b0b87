/** Tells a tail encoder of every entry of the archive, the pieces of a split file joined to one. */
import { crc32Combine } from "../../domain/crc32-combine.ts";
import { contentLength } from "../../domain/entry.ts";
import { parseIndexLine } from "../../domain/plan-line.ts";
import type { TailEncoder, TailEntry } from "../../domain/ports/format.ts";

export interface TailEntries {
  /** The index lines of one part, which begins at `start` of the joined archive. */
  read(lines: AsyncIterable<readonly string[]>, start: number): Promise<void>;
  /** Tells of the last entry. */
  end(): void;
}

export function createTailEntries(tail: TailEncoder): TailEntries {
  let open: TailEntry | undefined;
  const add = (line: string, start: number): void => {
    const { placement, ...indexed } = parseIndexLine(line);
    const entry = { ...indexed, ctime: 0n, inode: 0n };
    const { crc32, storedSize = 0 } = placement;
    if (open !== undefined && (entry.piece?.start ?? 0) > 0) {
      const joined = crc32Combine(open.crc32, crc32, contentLength(entry));
      open = { ...open, crc32: joined, storedSize: open.storedSize + storedSize };
      return;
    }
    if (open !== undefined) tail.entry(open);
    open = { entry, contentOffset: start + placement.offset, storedSize, crc32 };
  };
  return {
    read: async (batches, start) => {
      for await (const lines of batches) {
        for (const line of lines) add(line, start);
      }
    },
    end: () => {
      if (open !== undefined) tail.entry(open);
      open = undefined;
    },
  };
}
