/** Says what SQLite's and the system's errors mean for the data folder. */
import { type ErrorCode, LongshoreError } from "../../domain/errors.ts";

/** Of everything that is damaged in the database: `Damaged` by itself speaks of exports. */
export const restoreHint =
  "stop the server and restore the data folder from a backup; prepared exports do not lie in it";

interface Meaning {
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint?: string;
}

const damaged: Meaning = { code: "Damaged", text: "is damaged", hint: restoreHint };
const denied: Meaning = { code: "DataFolderFailed", text: "may not be written" };

/** Primary result codes (sqlite.org/rescode.html). */
const sqliteMeanings: Readonly<Record<number, Meaning>> = {
  3: denied,
  5: { code: "DataFolderBusy", text: "is locked by another process" },
  6: { code: "DataFolderBusy", text: "is locked" },
  8: denied,
  10: { code: "DataFolderFailed", text: "can't be read or written" },
  11: damaged,
  13: { code: "DataFolderFull", text: "has no room left" },
  14: { code: "DataFolderFailed", text: "can't be opened" },
  26: damaged,
};

const systemMeanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: { code: "DataFolderFull", text: "has no room left" },
  EDQUOT: { code: "DataFolderFull", text: "has used up its quota" },
  EROFS: { code: "DataFolderFailed", text: "is read-only" },
  EACCES: denied,
  EPERM: denied,
  ENOTDIR: { code: "DataFolderFailed", text: "is no folder" },
};

/** What node:sqlite throws: `errcode` is SQLite's extended result code. */
interface SqliteError {
  readonly code?: string;
  readonly errcode?: number;
}

/** An error of the catalogue for whatever happened at `file`; what is no error of storage stays as it is. */
export function databaseError(error: unknown, file: string): unknown {
  const { code, errcode } = error as SqliteError;
  if (code === "ERR_INVALID_STATE")
    return new LongshoreError("Interrupted", `${file} was closed`, { cause: error });
  if (code !== "ERR_SQLITE_ERROR") return error;
  const meaning = sqliteMeanings[(errcode ?? 0) & 0xff];
  return say(
    meaning ?? { code: "DataFolderFailed", text: `failed with SQLite's error ${errcode}` },
    error,
    file,
  );
}

/** The same for a call of the file system. */
export function systemError(error: unknown, path: string): LongshoreError {
  if (error instanceof LongshoreError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "unknown";
  return say(systemMeanings[code] ?? { code: "DataFolderFailed", text: `failed with ${code}` }, error, path);
}

function say({ code, text, hint }: Meaning, cause: unknown, path: string): LongshoreError {
  return new LongshoreError(code, `${path} ${text}`, { cause, ...(hint === undefined ? {} : { hint }) });
}
