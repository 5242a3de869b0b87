/** The typed client against the real gateway: both sides read the contract the same way. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exportRequest, type TestGateway, testGateway } from "../../test/fixtures/gateway.ts";
import { createClient } from "../api/client.ts";
import type { NewExport } from "../api/documents.ts";

const { signal } = new AbortController();
const key = { namespace: "default", name: "reports" };

const clientOf = async (gateway: TestGateway, token: string) =>
  createClient({ server: await gateway.listen(), token, attempts: 1 });

test("every call of the client is understood, and every answer of the gateway is", async () => {
  await using gateway = await testGateway();
  const client = await clientOf(gateway, gateway.tokens.admin);
  const request = exportRequest(gateway, "reports", { suspend: true }) as NewExport;

  const made = await client.exports.create("default", request, signal);
  assert.deepEqual(await client.exports.get(key, signal), made);
  assert.deepEqual((await client.exports.list({}, signal)).items, [made]);
  assert.deepEqual((await client.exports.list({ namespace: "default", limit: 1 }, signal)).items, [made]);
  const { resourceVersion } = made.metadata;
  const patched = await client.exports.patch(
    { ...key, resourceVersion },
    { spec: { suspend: false } },
    signal,
  );
  assert.equal(patched.spec.suspend, false);
  await assert.rejects(
    client.exports.patch({ ...key, resourceVersion }, { spec: { suspend: true } }, signal),
    {
      code: "PreconditionFailed",
    },
  );
  await assert.rejects(client.exports.patch(key, { spec: { workers: { count: 0 } } }, signal), {
    code: "InvalidDocument",
    message: /\/spec\/workers\/count/,
  });
  for await (const { type, object } of client.exports.events({ namespace: "default" }, signal)) {
    assert.deepEqual([type, object], ["ADDED", patched]);
    break;
  }
  assert.equal((await client.exports.cancel(key, signal)).spec.cancel, true);

  const granted = await client.grants.create(key, { description: "x" }, signal);
  const grant = { namespace: "default", name: granted.metadata.name };
  assert.equal((await client.grants.get(grant, signal)).spec.description, "x");
  assert.equal(
    (await client.grants.list({ namespace: "default", export: "reports" }, signal)).items.length,
    1,
  );
  assert.equal((await client.grants.patch(grant, { spec: { revoked: true } }, signal)).spec.revoked, true);
  assert.equal((await client.grants.delete(grant, signal))?.metadata.name, grant.name);

  const place = { metadata: { name: "handover" }, spec: { directory: { path: gateway.allowed } } };
  const destination = await client.destinations.create("default", place, signal);
  const handover = { namespace: "default", name: "handover" };
  assert.deepEqual(await client.destinations.get(handover, signal), destination);
  assert.equal((await client.destinations.list({ namespace: "default" }, signal)).items.length, 1);
  assert.ok(await client.destinations.delete(handover, signal));

  const token = await client.tokens.create({ name: "ci", role: "reader" }, signal);
  assert.equal(token.role, "reader");
  assert.equal((await client.tokens.list(signal)).items.length, 4);
  await client.tokens.delete("ci", signal);
  assert.match((await client.rotateKey(signal)).keyId, /./);
  assert.deepEqual(await client.whoami(signal), { actor: "token:admin", role: "admin" });
  assert.equal((await client.audit({ limit: 2, name: "reports" }, signal)).items.length, 2);

  assert.ok(await client.exports.delete({ ...key, deletionPolicy: "Retain" }, signal));
  await assert.rejects(client.exports.get(key, signal), { code: "ResourceNotFound" });
  assert.deepEqual(gateway.reported, []);
});

test("the tree of an export, odd names included, and its manifest", async () => {
  await using gateway = await testGateway();
  const source = join(gateway.allowed, "source");
  mkdirSync(join(source, "folder"), { recursive: true });
  writeFileSync(
    Buffer.concat([Buffer.from(`${source}/folder/`), Buffer.from("%41\xff ?#", "latin1")]),
    "odd",
  );
  await gateway.finished("reports", source);
  const client = await clientOf(gateway, gateway.tokens.reader);
  const root = await client.exports.files(key, signal);
  assert.ok("entries" in root);
  assert.deepEqual(
    root.entries.map(({ path }) => path),
    ["folder/"],
  );
  const path = "folder/%41\xff ?#";
  const entry = await client.exports.files({ ...key, path }, signal);
  assert.ok("entry" in entry);
  assert.equal(atob(entry.entry.pathBase64 ?? ""), path);
  assert.equal((await client.exports.manifest(key, signal)).totals.files, 1);
  await assert.rejects(client.exports.files({ ...key, path: "nothing" }, signal), {
    code: "ResourceNotFound",
  });
  await assert.rejects(client.tokens.list(signal), { code: "Forbidden" });
});
