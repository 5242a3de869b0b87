import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { databasePlace, handClock } from "../../../test/fixtures/local-database.ts";
import { roles } from "../../domain/permission.ts";
import { sqliteTokenStore } from "./sqlite-token-store.ts";

const { signal } = new AbortController();

test("a token is who it was made for, also after a restart, until it is revoked", async () => {
  await using place = databasePlace();
  const clock = handClock();
  let store = sqliteTokenStore(place.database, clock);
  const secrets = new Map<string, string>();
  for (const role of roles) {
    const issued = store.create({ name: `the-${role}`, role });
    const { secret, ...token } = issued;
    assert.match(secret, /^ls_[A-Za-z0-9_-]{43}$/);
    assert.equal(Buffer.from(secret.slice(3), "base64url").length, 32);
    assert.deepEqual(token, { name: `the-${role}`, role, createdAt: "2026-03-01T00:00:00.000Z" });
    secrets.set(role, secret);
  }
  store = sqliteTokenStore(await place.reopen(), clock);
  for (const [role, secret] of secrets)
    assert.deepEqual(await store.authenticate(secret, signal), { actor: `token:the-${role}`, role });
  store.revoke("the-reader");
  assert.equal(await store.authenticate(secrets.get("reader") ?? "", signal), undefined);
  assert.deepEqual(
    store.list().map(({ name }) => name),
    ["the-admin", "the-exporter"],
  );
  assert.throws(() => store.revoke("the-reader"), { code: "ResourceNotFound", message: /the-reader/ });
});

test("what is nobody's secret is nobody", async () => {
  await using place = databasePlace();
  const store = sqliteTokenStore(place.database, handClock());
  const { secret } = store.create({ name: "a", role: "admin" });
  const digest = createHash("sha256").update(secret).digest();
  const last = secret.at(-1) === "A" ? "E" : "A";
  const wrong = [
    "",
    "ls_",
    secret.slice(0, -1),
    `${secret}A`,
    `${secret}\n`,
    ` ${secret}`,
    secret.slice(0, -1) + last,
    secret.slice(3),
    `LS_${secret.slice(3)}`,
    digest.toString("base64url"),
    `ls_${digest.toString("base64url")}`,
    digest.toString("hex"),
    "' OR 1=1 --",
    "x".repeat(1_000_000),
  ];
  for (const bearer of wrong)
    assert.equal(await store.authenticate(bearer, signal), undefined, bearer.slice(0, 60));
  assert.notEqual(await store.authenticate(secret, signal), undefined);
});

test("a token ends at its time", async () => {
  await using place = databasePlace();
  const clock = handClock();
  const store = sqliteTokenStore(place.database, clock);
  const { secret, expiresAt } = store.create({ name: "a", role: "reader", expiresAt: clock.time + 60_000 });
  assert.equal(expiresAt, "2026-03-01T00:01:00.000Z");
  clock.time += 59_999;
  assert.notEqual(await store.authenticate(secret, signal), undefined);
  clock.time += 1;
  assert.equal(await store.authenticate(secret, signal), undefined);
  assert.deepEqual(store.list(), [
    {
      name: "a",
      role: "reader",
      createdAt: "2026-03-01T00:00:00.000Z",
      expiresAt: "2026-03-01T00:01:00.000Z",
    },
  ]);
});

test("a name is taken once and is one of a resource", async () => {
  await using place = databasePlace();
  const store = sqliteTokenStore(place.database, handClock());
  const { secret } = store.create({ name: "a", role: "reader" });
  assert.throws(() => store.create({ name: "a", role: "admin" }), { code: "AlreadyExists" });
  assert.deepEqual(await store.authenticate(secret, signal), { actor: "token:a", role: "reader" });
  for (const name of ["", "A", "a b", "a\nb", "-", "a".repeat(201), "../a"])
    assert.throws(
      () => store.create({ name, role: "admin" }),
      { code: "InvalidArgument" },
      JSON.stringify(name),
    );
  store.revoke("a");
  assert.notEqual(store.create({ name: "a", role: "reader" }).secret, secret);
});

test("no secret is in the database, only its digest", async () => {
  await using place = databasePlace();
  const { file } = place.database;
  const { secret } = sqliteTokenStore(place.database, handClock()).create({ name: "a", role: "admin" });
  await place.reopen();
  const bytes = readFileSync(file);
  assert.ok(!bytes.includes(secret) && !bytes.includes(secret.slice(3)));
  assert.ok(!bytes.includes(Buffer.from(secret.slice(3), "base64url")));
  assert.ok(bytes.includes(createHash("sha256").update(secret).digest()));
});

test("a call that was cancelled says nothing", async () => {
  await using place = databasePlace();
  const store = sqliteTokenStore(place.database, handClock());
  const { secret } = store.create({ name: "a", role: "admin" });
  await assert.rejects(store.authenticate(secret, AbortSignal.abort(new Error("enough"))), {
    message: "enough",
  });
});
