import assert from "node:assert/strict";
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { test } from "node:test";
import { importJWK, jwtVerify } from "jose";
import { grantKeysOf } from "../../../test/fixtures/gateway.ts";
import { databasePlace, handClock } from "../../../test/fixtures/local-database.ts";
import type { GrantKeys } from "../../domain/ports/grant-keys.ts";

import { createGrantTokens, type GrantClaims, looksLikeGrant } from "./grant-token.ts";

const start = Date.parse("2026-03-01T00:00:00.000Z");
const claims: GrantClaims = {
  grantUid: "7d2c4f7e-0000-4000-8000-000000000001",
  namespace: "default",
  name: "reports",
  exportUid: "7d2c4f7e-0000-4000-8000-000000000002",
  issuedAt: start,
  expiresAt: start + 3_600_000,
};

async function withTokens(
  work: (given: {
    keys: GrantKeys;
    clock: { time: number };
    tokens: ReturnType<typeof createGrantTokens>;
  }) => Promise<void>,
): Promise<void> {
  await using place = databasePlace();
  const clock = handClock();
  const keys = grantKeysOf(place.database, clock);
  await work({ keys, clock, tokens: createGrantTokens(keys, clock) });
}

test("what was signed is what is read, until it expires", async () => {
  await withTokens(async ({ tokens, clock }) => {
    const token = await tokens.sign(claims);
    assert.deepEqual(await tokens.verify(token), claims);
    assert.equal(await tokens.sign(claims), token, "the same grant has the same token");
    assert.ok(looksLikeGrant(token));
    clock.time = claims.expiresAt - 1;
    assert.deepEqual(await tokens.verify(token), claims);
    clock.time = claims.expiresAt;
    await assert.rejects(tokens.verify(token), { code: "GrantExpired" });
  });
});

test("keys overlap: what an older one signed holds to its end", async () => {
  await withTokens(async ({ tokens, keys, clock }) => {
    const before = await tokens.sign(claims);
    keys.rotate();
    const after = await tokens.sign(claims);
    assert.notEqual(before, after);
    assert.deepEqual(await tokens.verify(before), claims);
    assert.deepEqual(await tokens.verify(after), claims);
    clock.time = claims.expiresAt + 1000;
    keys.rotate();
    await assert.rejects(tokens.verify(before), { code: "GrantInvalid" });
  });
});

test("the key set verifies a token elsewhere, and has no private part", async () => {
  await withTokens(async ({ tokens }) => {
    const token = await tokens.sign(claims);
    const { keys } = await tokens.keySet();
    assert.deepEqual(Object.keys(keys[0] ?? {}).toSorted(), ["alg", "crv", "kid", "kty", "use", "x"]);
    const key = await importJWK(keys[0] ?? {}, "EdDSA");
    const { payload, protectedHeader } = await jwtVerify(token, key, { currentDate: new Date(start) });
    assert.deepEqual(payload, {
      iss: "longshore",
      sub: claims.grantUid,
      iat: start / 1000,
      exp: start / 1000 + 3600,
      ns: "default",
      name: "reports",
      uid: claims.exportUid,
    });
    assert.deepEqual(protectedHeader, { alg: "EdDSA", kid: keys[0]?.kid, typ: "longshore-grant" });
  });
});

test("everything that is not exactly that is refused, and never repeated", async () => {
  await withTokens(async ({ tokens, keys }) => {
    const { keyId, privateKey } = keys.current();
    const key = createPrivateKey(privateKey);
    const header = { alg: "EdDSA", kid: keyId, typ: "longshore-grant" };
    const payload = {
      iss: "longshore",
      sub: claims.grantUid,
      iat: start / 1000,
      exp: start / 1000 + 3600,
      ns: "default",
      name: "reports",
      uid: claims.exportUid,
    };
    const token = jws(header, payload, key);
    assert.deepEqual(await tokens.verify(token), claims);
    const [head = "", body = "", signature = ""] = token.split(".");
    const publicPem = keys.publicKeys().get(keyId) ?? "";
    const hmac = [encoded({ ...header, alg: "HS256" }), encoded(payload)].join(".");
    const flipped = Buffer.from(signature, "base64url");
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    const { privateKey: foreign } = generateKeyPairSync("ed25519");
    const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const hostile: Record<string, string> = {
      "no token": "x",
      empty: "",
      "only dots": "..",
      "no signature": `${head}.${body}.`,
      "two parts": `${head}.${body}`,
      "four parts": `${token}.x`,
      "alg none": `${encoded({ ...header, alg: "none" })}.${body}.`,
      "alg none, upper case": `${encoded({ ...header, alg: "NONE" })}.${body}.${signature}`,
      "a public key as a secret": `${hmac}.${createHmac("sha256", publicPem).update(hmac).digest("base64url")}`,
      "another algorithm": jws({ ...header, alg: "RS256" }, payload, rsa, "sha256"),
      "a foreign key": jws(header, payload, foreign),
      "a flipped bit": `${head}.${body}.${flipped.toString("base64url")}`,
      "another payload": `${head}.${encoded({ ...payload, name: "other" })}.${signature}`,
      "another header": `${encoded({ ...header, kid: "other" })}.${body}.${signature}`,
      "no kid": jws({ alg: "EdDSA", typ: "longshore-grant" }, payload, key),
      "an unknown kid": jws({ ...header, kid: "other" }, payload, key),
      "a kid that objects have": jws({ ...header, kid: "constructor" }, payload, key),
      "a key in the header": jws({ ...header, jwk: { kty: "OKP" }, kid: undefined }, payload, foreign),
      "another type": jws({ ...header, typ: "JWT" }, payload, key),
      "no type": jws({ alg: "EdDSA", kid: keyId }, payload, key),
      "an unknown critical header": jws({ ...header, crit: ["x"], x: 1 }, payload, key),
      "an unencoded payload": jws({ ...header, crit: ["b64"], b64: false }, payload, key),
      "another issuer": jws(header, { ...payload, iss: "other" }, key),
      "a payload that is no object": jws(header, [], key),
      "a number as name": jws(header, { ...payload, name: 1 }, key),
      "expiry as text": jws(header, { ...payload, exp: "9999999999" }, key),
    };
    for (const claim of ["iss", "sub", "iat", "exp", "ns", "name", "uid"])
      hostile[`no ${claim}`] = jws(header, { ...payload, [claim]: undefined }, key);
    for (const [what, text] of Object.entries(hostile)) {
      const error: unknown = await tokens.verify(text).then(
        () => assert.fail(`${what} was taken`),
        (refusal: unknown) => refusal,
      );
      assert.equal((error as { code?: string }).code, "GrantInvalid", what);
      if (text.length > 10) assert.ok(!(error as Error).message.includes(text), what);
    }
  });
});

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function jws(header: object, payload: unknown, key: KeyObject, digest?: string): string {
  const text = `${encoded(header)}.${encoded(payload)}`;
  return `${text}.${sign(digest, Buffer.from(text), key).toString("base64url")}`;
}
