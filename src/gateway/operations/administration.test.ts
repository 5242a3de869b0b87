import assert from "node:assert/strict";
import { test } from "node:test";
import { type TestGateway, testGateway } from "../../../test/fixtures/gateway.ts";

const as = (gateway: TestGateway, role: keyof TestGateway["tokens"]): Record<string, string> => ({
  authorization: `Bearer ${gateway.tokens[role]}`,
});

test("a token is made, used, listed without its secret, and taken back", async () => {
  await using gateway = await testGateway();
  const made = await gateway.call("POST", "/api/v1/tokens", {
    name: "ci",
    role: "exporter",
    expiresInSeconds: 60,
  });
  assert.equal(made.status, 201, made.text);
  const { token, ...document } = made.body;
  assert.deepEqual(document, {
    name: "ci",
    role: "exporter",
    createdAt: "2026-03-01T00:00:00.000Z",
    expiresAt: "2026-03-01T00:01:00.000Z",
  });
  const authorization = `Bearer ${token}`;
  const whoami = () => gateway.call("GET", "/api/v1/whoami", undefined, { authorization });
  assert.deepEqual((await whoami()).body, { actor: "token:ci", role: "exporter" });
  const list = await gateway.call("GET", "/api/v1/tokens");
  assert.equal(list.body.items.length, 4);
  assert.ok(!list.text.includes(token));
  const again = await gateway.call(
    "POST",
    "/api/v1/tokens",
    { name: "ci", role: "reader" },
    { "idempotency-key": "k" },
  );
  assert.deepEqual([again.status, again.body.code], [409, "AlreadyExists"]);
  gateway.clock.time += 60_000;
  assert.equal((await whoami()).status, 401);
  const deleted = await gateway.call("DELETE", made.headers["location"] as string);
  assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  assert.equal((await gateway.call("DELETE", "/api/v1/tokens/ci")).status, 404);
  const { items } = (await gateway.call("GET", "/api/v1/audit?name=ci")).body;
  assert.deepEqual(
    items.map(({ action, kind }: { action: string; kind: string }) => [action, kind]),
    [
      ["delete", "ApiToken"],
      ["create", "ApiToken"],
    ],
  );
});

test("the audit is read newest first, page by page, by namespace and name", async () => {
  await using gateway = await testGateway();
  for (const name of ["a", "b", "c"]) await gateway.call("POST", "/api/v1/tokens", { name, role: "reader" });
  const { body } = await gateway.call("GET", "/api/v1/audit?limit=2");
  assert.deepEqual(
    body.items.map(({ name }: { name: string }) => name),
    ["c", "b"],
  );
  const rest = await gateway.call("GET", `/api/v1/audit?limit=2&before=${body.next}`);
  assert.deepEqual([rest.body.items.length, rest.body.next], [1, undefined]);
  assert.equal((await gateway.call("GET", "/api/v1/audit?name=b")).body.items.length, 1);
  assert.equal((await gateway.call("GET", "/api/v1/audit?namespace=none")).body.items.length, 0);
  for (const query of ["limit=0", "limit=1001", "before=-1", "name=../x", "namespace=A"])
    assert.equal((await gateway.call("GET", `/api/v1/audit?${query}`)).status, 422, query);
});

test("rotating makes the key that signs next, and the old one stays", async () => {
  await using gateway = await testGateway();
  const before = (await gateway.call("GET", "/.well-known/jwks.json")).body.keys;
  const rotated = await gateway.call("POST", "/api/v1/keys/rotate");
  assert.equal(rotated.status, 201);
  const after = (await gateway.call("GET", "/.well-known/jwks.json")).body.keys;
  assert.equal(after[0].kid, rotated.body.keyId);
  assert.equal(before.length, 1);
  const { items } = (await gateway.call("GET", "/api/v1/audit")).body;
  assert.deepEqual(
    [items[0].action, items[0].kind, items[0].name],
    ["rotate", "GrantKey", rotated.body.keyId],
  );
});

test("each role may do what it may, and nothing else", async () => {
  await using gateway = await testGateway();
  const ns = "/api/v1/namespaces/default";
  const table: [string, string, ("reader" | "exporter" | "admin")[]][] = [
    ["GET", `${ns}/exports`, ["reader", "exporter", "admin"]],
    ["GET", "/api/v1/exports", ["reader", "exporter", "admin"]],
    ["POST", `${ns}/exports`, ["exporter", "admin"]],
    ["GET", `${ns}/exports/x`, ["reader", "exporter", "admin"]],
    ["PATCH", `${ns}/exports/x`, ["exporter", "admin"]],
    ["DELETE", `${ns}/exports/x`, ["exporter", "admin"]],
    ["POST", `${ns}/exports/x/cancel`, ["exporter", "admin"]],
    ["GET", `${ns}/exports/x/events`, ["reader", "exporter", "admin"]],
    ["POST", `${ns}/exports/x/grants`, ["exporter", "admin"]],
    ["GET", `${ns}/exports/x/grants`, ["reader", "exporter", "admin"]],
    ["GET", `${ns}/grants`, ["reader", "exporter", "admin"]],
    ["PATCH", `${ns}/grants/x`, ["exporter", "admin"]],
    ["DELETE", `${ns}/grants/x`, ["exporter", "admin"]],
    ["GET", `${ns}/exports/x/files`, ["reader", "exporter", "admin"]],
    ["GET", `${ns}/exports/x/files/a`, ["reader", "exporter", "admin"]],
    ["GET", `${ns}/exports/x/manifest`, ["reader", "exporter", "admin"]],
    ["GET", `${ns}/destinations`, ["reader", "exporter", "admin"]],
    ["POST", `${ns}/destinations`, ["admin"]],
    ["DELETE", `${ns}/destinations/x`, ["admin"]],
    ["GET", "/api/v1/tokens", ["admin"]],
    ["POST", "/api/v1/tokens", ["admin"]],
    ["DELETE", "/api/v1/tokens/x", ["admin"]],
    ["GET", "/api/v1/audit", ["admin"]],
    ["POST", "/api/v1/keys/rotate", ["admin"]],
    ["GET", "/api/v1/whoami", ["reader", "exporter", "admin"]],
    ["GET", "/d/default/x/x.tar", ["exporter", "admin"]],
  ];
  for (const [method, path, allowed] of table) {
    for (const role of ["reader", "exporter", "admin"] as const) {
      const { status, body } = await gateway.call(method as "GET", path, undefined, as(gateway, role));
      gateway.clock.time += 10_000;
      if (allowed.includes(role)) assert.notEqual(status, 403, `${role} ${method} ${path}`);
      else assert.deepEqual([status, body.code], [403, "Forbidden"], `${role} ${method} ${path}`);
      assert.notEqual(status, 401);
    }
  }
});
