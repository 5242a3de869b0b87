import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { test } from "node:test";
import { databasePlace, handClock } from "../../../test/fixtures/local-database.ts";
import type { GrantKeys } from "../../domain/ports/grant-keys.ts";
import { sqliteGrantKeys } from "./sqlite-grant-keys.ts";

const day = 86_400_000;
const message = Buffer.from("a grant");

const signature = (keys: GrantKeys): { keyId: string; bytes: Buffer } => {
  const { keyId, privateKey } = keys.current();
  return { keyId, bytes: sign(null, message, createPrivateKey(privateKey)) };
};
const holds = (keys: GrantKeys, { keyId, bytes }: { keyId: string; bytes: Buffer }): boolean => {
  const key = keys.publicKeys().get(keyId);
  return key !== undefined && verify(null, message, createPublicKey(key), bytes);
};

test("the first key is an Ed25519 pair whose id says its public half, and it stays", async () => {
  await using place = databasePlace();
  const clock = handClock();
  const keys = sqliteGrantKeys(place.database, { clock });
  const { keyId, privateKey } = keys.current();
  assert.match(privateKey, /^-----BEGIN PRIVATE KEY-----\n/);
  assert.equal(createPrivateKey(privateKey).asymmetricKeyType, "ed25519");
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: "spki", format: "der" });
  assert.equal(keyId, createHash("sha256").update(der).digest("hex").slice(0, 16));
  assert.deepEqual([...keys.publicKeys()], [[keyId, publicKey.export({ type: "spki", format: "pem" })]]);
  assert.ok(holds(keys, signature(keys)));
  const again = sqliteGrantKeys(await place.reopen(), { clock });
  assert.deepEqual(again.current(), { keyId, privateKey });
  assert.ok(holds(again, signature(again)));
});

test("a rotated key signs at once; the old one checks until its last grant has ended", async () => {
  await using place = databasePlace();
  const clock = handClock();
  const keys = sqliteGrantKeys(place.database, { clock });
  const old = signature(keys);
  keys.keepUntil(old.keyId, clock.time + 5 * day);
  keys.keepUntil(old.keyId, clock.time + 2 * day);
  const unused = keys.rotate();
  assert.notEqual(unused, old.keyId);
  assert.equal(keys.current().keyId, unused);
  const newest = keys.rotate();
  const rows = place.database.prepare("SELECT key_id FROM grant_keys ORDER BY id").all();
  assert.deepEqual(
    rows.map(({ key_id }) => key_id),
    [old.keyId, newest],
  );
  assert.deepEqual([...keys.publicKeys().keys()], [newest, old.keyId], "a key that signed nothing goes");
  clock.time += 5 * day - 1;
  const reopened = sqliteGrantKeys(await place.reopen(), { clock });
  assert.ok(holds(reopened, old));
  clock.time += 1;
  assert.ok(!holds(reopened, old));
  assert.deepEqual([...reopened.publicKeys().keys()], [newest]);
  const left = place.database.prepare("SELECT count(*) AS n FROM grant_keys").get();
  assert.equal(left?.["n"], 1, "private halves are not kept for longer");
  assert.throws(() => reopened.keepUntil(old.keyId, clock.time + day), { code: "ResourceNotFound" });
});

test("a key that is too old is replaced before it signs again", async () => {
  await using place = databasePlace();
  const clock = handClock();
  const keys = sqliteGrantKeys(place.database, { clock });
  const first = signature(keys);
  keys.keepUntil(first.keyId, clock.time + 400 * day);
  clock.time += 90 * day - 1;
  assert.equal(keys.current().keyId, first.keyId);
  clock.time += 1;
  const second = keys.current().keyId;
  assert.notEqual(second, first.keyId);
  assert.equal(keys.current().keyId, second);
  assert.ok(holds(keys, first));
  const impatient = sqliteGrantKeys(place.database, { clock, maximumAge: day });
  assert.equal(impatient.current().keyId, second);
  clock.time += day;
  assert.notEqual(impatient.current().keyId, second);
});

test("the current key is kept though nothing was signed with it", async () => {
  await using place = databasePlace();
  const clock = handClock();
  const keys = sqliteGrantKeys(place.database, { clock });
  const { keyId } = keys.current();
  clock.time += 50 * day;
  assert.deepEqual([...keys.publicKeys().keys()], [keyId]);
});
