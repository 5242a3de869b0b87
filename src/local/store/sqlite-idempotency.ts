/** Answers to requests with an Idempotency-Key in SQLite, so that they are given again after a restart too. */
import type { Clock } from "../../domain/ports/clock.ts";
import type { Idempotency, IdempotencyOutcome, IdempotentReply } from "../../domain/ports/idempotency.ts";
import type { LocalDatabase } from "./open-database.ts";

export interface IdempotencyOptions {
  /** Makes the id of a request; nobody may be able to guess it. */
  readonly newId: () => string;
  readonly clock: Clock;
}

interface EntryRow {
  readonly request_digest: string;
  readonly request_id: string;
  readonly state: "running" | "interrupted" | "abandoned" | "done";
  readonly status: number | null;
  readonly location: string | null;
  readonly body: string | null;
}

const kept = 24 * 3_600_000;

/** What was running when the last process ended is released: the same request may be begun again, with its old id. */
export function sqliteIdempotency(
  database: LocalDatabase,
  { newId, clock }: IdempotencyOptions,
): Idempotency {
  const select = database.prepare("SELECT * FROM idempotency WHERE actor = ? AND key = ?");
  const put = database.prepare(
    `INSERT OR REPLACE INTO idempotency (actor, key, request_digest, request_id, state, started_at)
     VALUES (?, ?, ?, ?, 'running', ?)`,
  );
  const finish = database.prepare(
    `UPDATE idempotency SET state = 'done', status = ?, location = ?, body = ?
     WHERE actor = ? AND key = ? AND state = 'running'`,
  );
  const abandon = database.prepare(
    "UPDATE idempotency SET state = 'abandoned' WHERE actor = ? AND key = ? AND state = 'running'",
  );
  const purge = database.prepare("DELETE FROM idempotency WHERE started_at <= ?");
  const release = database.prepare("UPDATE idempotency SET state = 'interrupted' WHERE state = 'running'");

  database.write(() => release.run());
  return {
    begin: (actor, key, requestDigest) =>
      database.write((): IdempotencyOutcome => {
        const now = clock.now();
        purge.run(now - kept);
        const entry = select.get(actor, key) as unknown as EntryRow | undefined;
        const known = entry === undefined ? undefined : answer(entry, requestDigest);
        if (known !== undefined) return known;
        const isSame = entry?.request_digest === requestDigest;
        const requestId = isSame ? entry.request_id : newId();
        put.run(actor, key, requestDigest, requestId, now);
        return { kind: "new", requestId };
      }),
    finish: (actor, key, { status, headers, body }) =>
      database.write(() => {
        finish.run(status, headers.location ?? null, body, actor, key);
      }),
    abandon: (actor, key) =>
      database.write(() => {
        abandon.run(actor, key);
      }),
  };
}

/** Undefined where the work is to be begun. */
function answer(entry: EntryRow, requestDigest: string): IdempotencyOutcome | undefined {
  const isSame = entry.request_digest === requestDigest;
  if (entry.state === "abandoned") return undefined;
  if (!isSame) return { kind: "mismatch" };
  if (entry.state === "interrupted") return undefined;
  return entry.state === "running" ? { kind: "running" } : { kind: "done", ...reply(entry) };
}

function reply({ status, location, body }: EntryRow): IdempotentReply {
  return {
    status: status ?? 200,
    headers: location === null ? {} : { location },
    body: body ?? "",
  };
}
