/** The first token of a server: in a file that only its owner reads, and in the database as a digest. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../domain/ports/clock.ts";
import { flushFolder, makePrivate } from "./data-folder.ts";
import { systemError } from "./database-error.ts";
import type { LocalDatabase } from "./open-database.ts";
import { newSecret, secretDigest } from "./sqlite-token-store.ts";

const adminTokenName = "admin";

export type AdminToken =
  | { readonly isNew: false; readonly file: string }
  /** `secret` is to be said this once. */
  | { readonly isNew: true; readonly file: string; readonly secret: string };

/**
 * Makes sure that `DATA/admin-token` holds a secret with every right. Where file and digest do not belong together – at
 * the first start, when either is gone, or when a start was cut off between them – both are replaced by new ones. A file
 * alone never counts: its token may have been revoked. Throws DataFolderFull, DataFolderFailed.
 */
export function ensureAdminToken(database: LocalDatabase, clock: Clock): AdminToken {
  const file = join(database.folder, "admin-token");
  const select = database.prepare("SELECT digest FROM tokens WHERE name = ?");
  const put = database.prepare(
    `INSERT INTO tokens (name, role, digest, created_at) VALUES (?, 'admin', ?, ?) ON CONFLICT (name)
     DO UPDATE SET role = 'admin', digest = excluded.digest, created_at = excluded.created_at, expires_at = NULL`,
  );
  const digest = database.read(() => select.get(adminTokenName))?.["digest"] as Uint8Array | undefined;
  const found = readSecret(file);
  if (digest !== undefined && found !== undefined && timingSafeEqual(digest, secretDigest(found))) {
    makePrivate(file);
    return { isNew: false, file };
  }
  const secret = newSecret();
  writeSecret(file, secret);
  database.write(() => {
    put.run(adminTokenName, secretDigest(secret), clock.now());
  });
  return { isNew: true, file, secret };
}

function readSecret(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trimEnd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw systemError(error, file);
  }
}

/** Whole and durable, or not at all: the digest counts only after it. */
function writeSecret(file: string, secret: string): void {
  const temporary = `${file}.new`;
  try {
    // Left by a start that was cut off; made exclusively below, so that nobody else has it open.
    rmSync(temporary, { force: true });
    const descriptor = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(descriptor, `${secret}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
    flushFolder(join(file, ".."));
  } catch (error) {
    throw systemError(error, file);
  }
}
