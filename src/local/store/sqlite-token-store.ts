/** API tokens in SQLite. Only the SHA-256 of a secret is kept: 32 random bytes need no slow hash. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { LongshoreError } from "../../domain/errors.ts";
import type { Role } from "../../domain/permission.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { ApiToken, TokenStore } from "../../domain/ports/identity.ts";
import { ResourceName } from "../../domain/resources/names.ts";
import type { LocalDatabase } from "./open-database.ts";

interface TokenRow {
  readonly name: string;
  readonly role: Role;
  readonly digest: Uint8Array;
  readonly created_at: number;
  readonly expires_at: number | null;
}

const shape = /^ls_[A-Za-z0-9_-]{43}$/;

/** A new secret. It comes from the system's generator and from nowhere else, so that nobody can inject a weak one. */
export const newSecret = (): string => `ls_${randomBytes(32).toString("base64url")}`;
export const secretDigest = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** Names are those of resources. Throws InvalidArgument for others. An expired token keeps its name until it is revoked. */
export function sqliteTokenStore(database: LocalDatabase, clock: Clock): TokenStore {
  const insert = database.prepare(
    "INSERT INTO tokens (name, role, digest, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
  );
  const byName = database.prepare("SELECT 1 FROM tokens WHERE name = ?");
  const byDigest = database.prepare("SELECT * FROM tokens WHERE digest = ?");
  const all = database.prepare("SELECT * FROM tokens ORDER BY name");
  const remove = database.prepare("DELETE FROM tokens WHERE name = ?");
  return {
    authenticate: async (bearer, signal) => {
      signal.throwIfAborted();
      if (!shape.test(bearer)) return undefined;
      const digest = secretDigest(bearer);
      const row = database.read(() => byDigest.get(digest)) as unknown as TokenRow | undefined;
      // The look-up compares digests, which tell nothing of the secret; the comparison that counts takes constant time.
      if (row === undefined || !timingSafeEqual(row.digest, digest)) return undefined;
      if (row.expires_at !== null && row.expires_at <= clock.now()) return undefined;
      return { actor: `token:${row.name}`, role: row.role };
    },
    create: ({ name, role, expiresAt }) => {
      if (!ResourceName.safeParse(name).success)
        throw new LongshoreError("InvalidArgument", `${JSON.stringify(name)} is no name for a token`, {
          hint: "use lower-case letters, digits, '-' and '.'",
        });
      const secret = newSecret();
      const createdAt = clock.now();
      return database.write(() => {
        if (byName.get(name) !== undefined)
          throw new LongshoreError("AlreadyExists", `a token of the name ${name} exists`);
        insert.run(name, role, secretDigest(secret), createdAt, expiresAt ?? null);
        return { ...shown(name, role, createdAt, expiresAt ?? null), secret };
      });
    },
    list: () =>
      database.read(() =>
        (all.all() as unknown as TokenRow[]).map(({ name, role, created_at, expires_at }) =>
          shown(name, role, created_at, expires_at),
        ),
      ),
    revoke: (name) =>
      database.write(() => {
        if (remove.run(name).changes === 0)
          throw new LongshoreError("ResourceNotFound", `there is no token of the name ${name}`);
      }),
  };
}

function shown(name: string, role: Role, createdAt: number, expiresAt: number | null): ApiToken {
  return {
    name,
    role,
    createdAt: new Date(createdAt).toISOString(),
    ...(expiresAt === null ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
  };
}
