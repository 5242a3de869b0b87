/** The one database of a server: opened, brought up to date, and held against every other server. */
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { LongshoreError } from "../../domain/errors.ts";
import { databaseError } from "./database-error.ts";
import { databaseName, makePrivate, preparePrivateFile, preparePrivateFolder } from "./data-folder.ts";
import { holdDataFolder } from "./data-folder-lock.ts";
import { migrate } from "./migrations.ts";

/** Disposing it closes the database and frees the data folder. Stores on it are disposed before. */
export interface LocalDatabase extends AsyncDisposable {
  /** The data folder. */
  readonly folder: string;
  readonly file: string;
  /** Aborted when it closes, for those who wait for changes. */
  readonly closing: AbortSignal;
  prepare(sql: string): StatementSync;
  /** Runs `work` as one transaction: all or nothing, and it survives a power cut when this returns. Not nested. */
  write<T>(work: () => T): T;
  /** Runs `work`, its errors being of the catalogue. */
  read<T>(work: () => T): T;
}

/** How long another program, such as a backup, may keep the database locked. */
const busyTimeout = 5000;

/**
 * Opens `DATA/longshore.db`, made where there is none; folder 0700, files 0600.
 * Throws DataFolderBusy, DataFolderFailed, DataFolderFull, NewerFormat, and Damaged where it is no sound database.
 */
export function openDatabase(folder: string): LocalDatabase {
  preparePrivateFolder(folder);
  const held = holdDataFolder(folder);
  const file = join(folder, databaseName);
  let database: DatabaseSync | undefined;
  try {
    // SQLite gives -wal and -shm the mode of the database, but only when it makes them.
    for (const suffix of ["-wal", "-shm"]) makePrivate(`${file}${suffix}`);
    preparePrivateFile(file);
    database = new DatabaseSync(file, { timeout: busyTimeout });
    configure(database, file);
    migrate(database, file);
    return handle(database, held, folder, file);
  } catch (error) {
    if (database?.isOpen === true) database.close();
    held[Symbol.dispose]();
    throw databaseError(error, file);
  }
}

function configure(database: DatabaseSync, file: string): void {
  const mode = database.prepare("PRAGMA journal_mode=WAL").get()?.["journal_mode"];
  if (mode !== "wal")
    throw new LongshoreError("DataFolderFailed", `the file system of ${file} can't hold a database`, {
      hint: "name a folder on a local disk with --data",
    });
  // FULL: in WAL mode NORMAL would lose the last commits in a power cut. recursive_triggers: REPLACE must not pass
  // by the triggers of the audit. journal_size_limit: a log that grew once does not stay large.
  database.exec(
    `PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;
     PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384; PRAGMA journal_size_limit=67108864`,
  );
}

function handle(database: DatabaseSync, held: Disposable, folder: string, file: string): LocalDatabase {
  const closing = new AbortController();
  const read = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw databaseError(error, file);
    }
  };
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const transact = <T>(work: () => T): T => {
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      // Some errors end the transaction by themselves (sqlite.org/lang_transaction.html, section 3).
      if (database.isOpen && database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  };
  return {
    folder,
    file,
    closing: closing.signal,
    prepare: (sql) => read(() => database.prepare(sql)),
    write: (work) => read(() => transact(work)),
    read,
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      if (!database.isOpen) return;
      closing.abort(new LongshoreError("Interrupted", `${file} was closed`));
      try {
        database.close();
      } finally {
        held[Symbol.dispose]();
      }
    },
  };
}
