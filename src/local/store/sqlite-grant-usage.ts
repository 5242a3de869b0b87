/** Counts the bytes of grants in memory and writes them to SQLite once a second: a download is many small pieces. */
import type { Clock } from "../../domain/ports/clock.ts";
import type { GrantUsage } from "../../domain/ports/grant-usage.ts";
import type { LocalDatabase } from "./open-database.ts";

interface Pending {
  bytes: number;
  lastUsed: number;
}

interface UsageRow {
  readonly served: number;
  readonly last_used: number;
}

/** How long a count may wait before it is durable, in milliseconds. */
const flushEvery = 1000;

/**
 * Disposing it writes what is not yet durable. Where writing fails, the count stays in memory and is tried again every
 * second, and `add` throws the error until it succeeds: nobody downloads on without being counted.
 */
export function openSqliteGrantUsage(database: LocalDatabase, clock: Clock): GrantUsage & AsyncDisposable {
  const select = database.prepare("SELECT served, last_used FROM grant_usage WHERE uid = ?");
  const put = database.prepare(
    `INSERT INTO grant_usage (uid, served, last_used) VALUES (?, ?, ?) ON CONFLICT (uid)
     DO UPDATE SET served = served + excluded.served, last_used = max(last_used, excluded.last_used)`,
  );
  const remove = database.prepare("DELETE FROM grant_usage WHERE uid = ?");
  const pending = new Map<string, Pending>();
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly error: unknown } | undefined;

  const flush = (): void => {
    if (pending.size === 0) return;
    database.write(() => {
      for (const [uid, { bytes, lastUsed }] of pending) put.run(uid, bytes, lastUsed);
    });
    pending.clear();
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      failure = undefined;
      try {
        flush();
      } catch (error) {
        // Nobody waits for a timer; the next `add` throws it.
        failure = { error };
        schedule();
      }
    }, flushEvery);
  };
  const stored = (uid: string): UsageRow | undefined =>
    database.read(() => select.get(uid)) as unknown as UsageRow | undefined;

  return {
    add: (uid, bytes) => {
      const { bytes: before } = pending.get(uid) ?? { bytes: 0 };
      pending.set(uid, { bytes: before + bytes, lastUsed: clock.now() });
      schedule();
      if (failure !== undefined) throw failure.error;
    },
    served: (uid) => (stored(uid)?.served ?? 0) + (pending.get(uid)?.bytes ?? 0),
    lastUsed: (uid) => pending.get(uid)?.lastUsed ?? stored(uid)?.last_used,
    forget: (uid) => {
      pending.delete(uid);
      database.write(() => {
        remove.run(uid);
      });
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve();
      clearTimeout(timer);
      timer = undefined;
      flush();
    },
  };
}
