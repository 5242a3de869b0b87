/** One process at a time works on an export: SQLite's lock on an empty file, which the system frees when a process dies. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { LongshoreError } from "../../../domain/errors.ts";
import { destinationError } from "./system-error.ts";

/** SQLite result codes (sqlite.org/rescode.html). */
const busy = 5;
const ioErrorLock = 3850;

/** Throws LocationBusy, saying who has it. A file system that can't lock is no hindrance: correctness never depends on it. */
export async function lockFolder(
  folder: string,
  holder: string,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const file = `${folder}/lock`;
  const holderFile = `${folder}/tmp/holder`;
  for (;;) {
    signal.throwIfAborted();
    const database = open(file, folder);
    const outcome = take(database, folder);
    if (outcome === "busy") {
      database.close();
      throw new LongshoreError("LocationBusy", `${folder} is being worked on by ${readHolder(holderFile)}`);
    }
    // Whoever had it before may have removed the file that we locked: only the file by this name counts.
    if (existsSync(file) && outcome !== "moved") {
      nameHolder(database, holderFile, holder, folder);
      return release(database, file, holderFile);
    }
    database.close();
    await setTimeout(10, undefined, { signal });
  }
}

function open(file: string, folder: string): DatabaseSync {
  try {
    return new DatabaseSync(file);
  } catch (error) {
    throw destinationError(error, folder, "lock");
  }
}

function take(database: DatabaseSync, folder: string): "taken" | "busy" | "moved" {
  const path = database.location() ?? "";
  const before = inodeOf(path);
  try {
    database.exec("PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    const code = (error as { errcode?: number }).errcode ?? 0;
    if ((code & 0xff) === busy) return "busy";
    if (code !== ioErrorLock) throw destinationError(error, folder, "lock");
  }
  return inodeOf(path) === before ? "taken" : "moved";
}

function nameHolder(database: DatabaseSync, holderFile: string, holder: string, folder: string): void {
  try {
    writeFileSync(holderFile, holder);
  } catch (error) {
    database.close();
    throw destinationError(error, folder, "tmp/holder");
  }
}

const inodeOf = (path: string): bigint | undefined =>
  statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;

function release(database: DatabaseSync, file: string, holderFile: string): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      rmSync(holderFile, { force: true });
      rmSync(file, { force: true });
      database.close();
    },
  };
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // It writes its name a moment after it has the lock.
    return "another process";
  }
}
