/** Remembers which name carries a hard-linked file's content: the first in plan order. Past a limit the memory is on disk. */
import { rmSync } from "node:fs";
import { inScratch, makeScratch } from "./scratch.ts";
import { DatabaseSync, type StatementSync } from "node:sqlite";

export interface HardLinks {
  /** The path that carries the inode's content: the one given, if it is the first of its names. */
  carrierOf(device: bigint, inode: bigint, links: bigint, path: string): string;
  close(): void;
}

const inMemory = 100_000;

interface Remembered {
  readonly path: string;
  left: number;
}

export function hardLinks(scratch: string, limit = inMemory): HardLinks {
  const memory = new Map<string, Remembered>();
  let disk: DiskTable | undefined;
  return {
    carrierOf: (device, inode, links, path) => {
      const id = `${device}:${inode}`;
      const known = memory.get(id);
      if (known !== undefined) {
        if (--known.left === 0) memory.delete(id);
        return known.path;
      }
      const onDisk = disk?.take(id);
      if (onDisk !== undefined) return onDisk;
      const left = Number(links) - 1;
      if (memory.size < limit) memory.set(id, { path, left });
      else (disk ??= inScratch(scratch, () => openDiskTable(scratch))).add(id, path, left);
      return path;
    },
    close: () => disk?.close(),
  };
}

interface DiskTable {
  take(id: string): string | undefined;
  add(id: string, path: string, left: number): void;
  close(): void;
}

let tables = 0;

function openDiskTable(scratch: string): DiskTable {
  makeScratch(scratch);
  const file = `${scratch}/links-${process.pid}-${tables++}`;
  // One that was killed may have had the same number, in a container nearly always.
  rmSync(file, { force: true });
  const database = new DatabaseSync(file);
  // Nothing here outlives the walk, so nothing needs to survive a crash.
  database.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE");
  database.exec("CREATE TABLE link (id TEXT PRIMARY KEY, path BLOB, left INTEGER) WITHOUT ROWID; BEGIN");
  const find: StatementSync = database.prepare(
    "UPDATE link SET left = left - 1 WHERE id = ? RETURNING path, left",
  );
  const insert = database.prepare("INSERT INTO link VALUES (?, ?, ?)");
  const forget = database.prepare("DELETE FROM link WHERE id = ?");
  return {
    take: (id) => {
      const row = find.get(id);
      if (row === undefined) return undefined;
      if (row["left"] === 0) forget.run(id);
      return Buffer.from(row["path"] as Uint8Array).toString("latin1");
    },
    add: (id, path, left) => void insert.run(id, Buffer.from(path, "latin1"), left),
    close: () => {
      database.close();
      rmSync(file, { force: true });
    },
  };
}
