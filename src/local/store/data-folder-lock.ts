/** One server at a time has a data folder: SQLite's lock on an empty file, which the system frees when a process dies. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { hasCode, LongshoreError } from "../../domain/errors.ts";
import { preparePrivateFile } from "./data-folder.ts";
import { databaseError } from "./database-error.ts";

/** Throws DataFolderBusy. The file stays when the lock is freed, so that everybody always locks the same one. */
export function holdDataFolder(folder: string): Disposable {
  const file = join(folder, "lock");
  preparePrivateFile(file);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    // Nothing is written, and no journal file may appear beside it.
    database.exec("PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    const known = databaseError(error, file);
    if (!hasCode(known, "DataFolderBusy")) throw known;
    throw new LongshoreError("DataFolderBusy", `another process uses the data folder ${folder}`, {
      cause: error,
    });
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}
