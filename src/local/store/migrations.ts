/** The tables of the database, as numbered steps: a database of version n has had the first n of them. */
import type { DatabaseSync } from "node:sqlite";
import { LongshoreError } from "../../domain/errors.ts";
import { restoreHint } from "./database-error.ts";

/** "Long" (sqlite.org/pragma.html#pragma_application_id), so that a file of another program is not taken for ours. */
const applicationId = 0x4c_6f_6e_67;

/** Never changed once released; what changes is a further step. */
const migrations: readonly string[] = [
  `CREATE TABLE resources (
     id INTEGER PRIMARY KEY,
     kind TEXT NOT NULL,
     namespace TEXT NOT NULL,
     name TEXT NOT NULL,
     document TEXT NOT NULL,
     UNIQUE (kind, namespace, name)
   ) STRICT;

   -- version is the resourceVersion of the change, and the newest row the counter of them all.
   -- total counts the characters of all documents ever recorded, this one included, so that the oldest can be trimmed by size.
   CREATE TABLE changes (
     version INTEGER PRIMARY KEY,
     kind TEXT NOT NULL,
     namespace TEXT NOT NULL,
     name TEXT NOT NULL,
     type TEXT NOT NULL,
     total INTEGER NOT NULL,
     document TEXT NOT NULL
   ) STRICT;
   CREATE INDEX changes_of_kind ON changes (kind, version);

   CREATE TABLE audit (
     id INTEGER PRIMARY KEY,
     time TEXT NOT NULL,
     actor TEXT NOT NULL,
     action TEXT NOT NULL,
     kind TEXT NOT NULL,
     namespace TEXT,
     name TEXT,
     uid TEXT,
     status INTEGER NOT NULL,
     address TEXT,
     download TEXT,
     reason TEXT
   ) STRICT;
   CREATE INDEX audit_by_namespace ON audit (namespace);
   CREATE INDEX audit_by_name ON audit (name);
   CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
   CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

   CREATE TABLE tokens (
     name TEXT PRIMARY KEY,
     role TEXT NOT NULL,
     digest BLOB NOT NULL UNIQUE,
     created_at INTEGER NOT NULL,
     expires_at INTEGER
   ) STRICT;

   CREATE TABLE grant_keys (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     key_id TEXT NOT NULL UNIQUE,
     private_key TEXT NOT NULL,
     public_key TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     keep_until INTEGER NOT NULL DEFAULT 0
   ) STRICT;

   CREATE TABLE idempotency (
     actor TEXT NOT NULL,
     key TEXT NOT NULL,
     request_digest TEXT NOT NULL,
     request_id TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('running', 'interrupted', 'abandoned', 'done')),
     started_at INTEGER NOT NULL,
     status INTEGER,
     location TEXT,
     body TEXT,
     PRIMARY KEY (actor, key)
   ) STRICT;
   CREATE INDEX idempotency_by_start ON idempotency (started_at);

   CREATE TABLE grant_usage (
     uid TEXT PRIMARY KEY,
     served INTEGER NOT NULL,
     last_used INTEGER NOT NULL
   ) STRICT;`,
];

/** Tables that the server can't do without and that stay small: worth a look at every start. */
const checkedTables = ["resources", "tokens", "grant_keys", "idempotency", "grant_usage"];

/** Brings the database up to date. Throws NewerFormat, Damaged, DataFolderFailed where it is another program's. */
export function migrate(database: DatabaseSync, file: string): void {
  const version = numberOf(database, "user_version");
  if (numberOf(database, "application_id") !== applicationId && !isEmpty(database))
    throw new LongshoreError("DataFolderFailed", `${file} is the database of another program`);
  if (version > migrations.length)
    throw new LongshoreError(
      "NewerFormat",
      `${file} was made by a newer longshore (version ${version}, this one knows ${migrations.length})`,
    );
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    database.exec(
      `BEGIN IMMEDIATE; ${step} PRAGMA application_id=${applicationId}; PRAGMA user_version=${index + 1}; COMMIT`,
    );
  }
  for (const table of checkedTables) check(database, table, file);
}

function check(database: DatabaseSync, table: string, file: string): void {
  const found = database.prepare(`PRAGMA quick_check(${table})`).get()?.["quick_check"];
  if (found !== "ok")
    throw new LongshoreError("Damaged", `${file} is damaged: in ${table}, ${String(found)}`, {
      hint: restoreHint,
    });
}

const numberOf = (database: DatabaseSync, pragma: "user_version" | "application_id"): number =>
  Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);

const isEmpty = (database: DatabaseSync): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
