import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type DatabasePlace, databasePlace, handClock } from "../../../test/fixtures/local-database.ts";
import { type AdminToken, ensureAdminToken } from "./admin-token.ts";
import { sqliteTokenStore } from "./sqlite-token-store.ts";

const { signal } = new AbortController();
const clock = handClock();
const admin = { actor: "token:admin", role: "admin" };
const fileOf = (place: DatabasePlace): string => join(place.folder, "admin-token");

const who = (place: DatabasePlace, secret: string): Promise<unknown> =>
  sqliteTokenStore(place.database, clock).authenticate(secret, signal);

/** The secret, which must be new, in the file, and the only one that counts. */
async function expectNew(place: DatabasePlace, token: AdminToken, ...old: string[]): Promise<string> {
  assert.ok(token.isNew);
  assert.equal(token.file, fileOf(place));
  assert.equal(readFileSync(token.file, "utf8"), `${token.secret}\n`);
  assert.equal(statSync(token.file).mode & 0o777, 0o600);
  assert.ok(!existsSync(`${token.file}.new`));
  assert.deepEqual(await who(place, token.secret), admin);
  for (const secret of old) assert.equal(await who(place, secret), undefined);
  return token.secret;
}

test("the first start makes a token, the next ones change nothing", async () => {
  await using place = databasePlace();
  const secret = await expectNew(place, ensureAdminToken(place.database, clock));
  for (let i = 0; i < 2; i++) {
    chmodSync(fileOf(place), 0o644);
    const again = ensureAdminToken(await place.reopen(), clock);
    assert.deepEqual(again, { isNew: false, file: fileOf(place) });
    assert.equal(readFileSync(again.file, "utf8"), `${secret}\n`);
    assert.equal(statSync(again.file).mode & 0o777, 0o600);
    assert.deepEqual(await who(place, secret), admin);
  }
});

test("a deleted file makes a new token and ends the old one", async () => {
  await using place = databasePlace();
  const first = await expectNew(place, ensureAdminToken(place.database, clock));
  rmSync(fileOf(place));
  await expectNew(place, ensureAdminToken(await place.reopen(), clock), first);
  assert.equal(sqliteTokenStore(place.database, clock).list().length, 1);
});

test("a revoked token does not come back with its file", async () => {
  await using place = databasePlace();
  const first = await expectNew(place, ensureAdminToken(place.database, clock));
  sqliteTokenStore(place.database, clock).revoke("admin");
  assert.equal(await who(place, first), undefined);
  await expectNew(place, ensureAdminToken(place.database, clock), first);
});

test("a start that was cut off at any place is mended by the next", async () => {
  const strange = `ls_${"A".repeat(43)}`;
  const cuts: Record<string, (place: DatabasePlace) => void> = {
    "before the file had its name": (place) =>
      writeFileSync(`${fileOf(place)}.new`, "ls_hal", { mode: 0o644 }),
    "before the digest stood": (place) => writeFileSync(fileOf(place), `${strange}\n`),
    "by somebody else's hand": (place) => writeFileSync(fileOf(place), ""),
  };
  for (const [when, cut] of Object.entries(cuts))
    for (const hasDigest of [false, true]) {
      await using place = databasePlace();
      const old = hasDigest ? [await expectNew(place, ensureAdminToken(place.database, clock))] : [];
      if (hasDigest) rmSync(fileOf(place));
      cut(place);
      await expectNew(place, ensureAdminToken(place.database, clock), strange, ...old);
      assert.ok(!ensureAdminToken(place.database, clock).isNew, when);
    }
});

test("a file that can't be written leaves the token that stood", async () => {
  await using place = databasePlace();
  const first = await expectNew(place, ensureAdminToken(place.database, clock));
  rmSync(fileOf(place));
  mkdirSync(fileOf(place));
  assert.throws(() => ensureAdminToken(place.database, clock), {
    code: "DataFolderFailed",
    message: /admin-token/,
  });
  assert.deepEqual(await who(place, first), admin);
});
