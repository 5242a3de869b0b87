/** The keys of grants in SQLite, whose file only its owner reads. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { GrantKeys } from "../../domain/ports/grant-keys.ts";
import type { LocalDatabase } from "./open-database.ts";

export interface GrantKeysOptions {
  readonly clock: Clock;
  /** Milliseconds after which a key signs no more; 90 days unless said. */
  readonly maximumAge?: number;
}

interface KeyRow {
  readonly key_id: string;
  readonly private_key: string;
  readonly public_key: string;
  readonly created_at: number;
  readonly keep_until: number;
}

const ninetyDays = 90 * 86_400_000;

/** Makes the first key where there is none. `keepUntil` throws ResourceNotFound for a key that is gone. */
export function sqliteGrantKeys(database: LocalDatabase, options: GrantKeysOptions): GrantKeys {
  const { clock, maximumAge = ninetyDays } = options;
  const newest = database.prepare("SELECT * FROM grant_keys ORDER BY id DESC LIMIT 1");
  const all = database.prepare("SELECT key_id, public_key, keep_until FROM grant_keys ORDER BY id DESC");
  const one = database.prepare("SELECT keep_until FROM grant_keys WHERE key_id = ?");
  const insert = database.prepare(
    "INSERT INTO grant_keys (key_id, private_key, public_key, created_at) VALUES (?, ?, ?, ?)",
  );
  const extend = database.prepare("UPDATE grant_keys SET keep_until = ? WHERE key_id = ?");
  const drop = database.prepare(
    "DELETE FROM grant_keys WHERE id < (SELECT max(id) FROM grant_keys) AND keep_until <= ?",
  );

  const signing = (): KeyRow | undefined =>
    database.read(() => newest.get()) as unknown as KeyRow | undefined;
  const rotate = (): string => {
    const { keyId, privateKey, publicKey } = newKey();
    const now = clock.now();
    database.write(() => {
      insert.run(keyId, privateKey, publicKey, now);
      drop.run(now);
    });
    return keyId;
  };
  const isOld = (row: KeyRow | undefined): boolean =>
    row === undefined || clock.now() - row.created_at >= maximumAge;

  if (signing() === undefined) rotate();
  return {
    current: () => {
      if (isOld(signing())) rotate();
      const row = signing();
      if (row === undefined) throw new LongshoreError("Damaged", `${database.file} has no key for grants`);
      return { keyId: row.key_id, privateKey: row.private_key };
    },
    publicKeys: () => {
      const rows = database.read(() => all.all()) as unknown as KeyRow[];
      const now = clock.now();
      const kept = rows.filter((row, index) => index === 0 || row.keep_until > now);
      if (kept.length < rows.length) database.write(() => drop.run(now));
      return new Map(kept.map(({ key_id, public_key }) => [key_id, public_key]));
    },
    rotate,
    keepUntil: (keyId, expiresAt) => {
      const row = database.read(() => one.get(keyId)) as unknown as KeyRow | undefined;
      if (row === undefined)
        throw new LongshoreError("ResourceNotFound", `there is no key ${keyId} for grants any more`);
      if (row.keep_until < expiresAt) database.write(() => extend.run(expiresAt, keyId));
    },
  };
}

/** The id is the first 16 hexadecimal digits of the SHA-256 of the public key's DER form. */
function newKey(): { keyId: string; privateKey: string; publicKey: string } {
  const pair = generateKeyPairSync("ed25519");
  const der = pair.publicKey.export({ type: "spki", format: "der" });
  return {
    keyId: createHash("sha256").update(der).digest("hex").slice(0, 16),
    privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: pair.publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}
