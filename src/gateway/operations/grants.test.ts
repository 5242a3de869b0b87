import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exportRequest, type TestGateway, testGateway } from "../../../test/fixtures/gateway.ts";
import { DownloadGrant } from "../../domain/resources/resource.ts";

const base = "/api/v1/namespaces/default";
const { signal } = new AbortController();

async function withExport(name = "reports"): Promise<TestGateway> {
  const gateway = await testGateway();
  assert.equal((await gateway.call("POST", `${base}/exports`, exportRequest(gateway, name))).status, 202);
  return gateway;
}

const issue = (gateway: TestGateway, body: unknown = {}, headers: Record<string, string> = {}) =>
  gateway.call("POST", `${base}/exports/reports/grants`, body, headers);

test("a grant is made with its URL, which no other answer has", async () => {
  await using gateway = await withExport();
  const made = await issue(gateway, { expiresInSeconds: 60, description: "for ACME", maxBytes: "1Gi" });
  assert.equal(made.status, 201, made.text);
  const { url, ...document } = made.body;
  assert.match(
    url,
    /^http:\/\/127\.0\.0\.1\/d\/default\/reports\/reports\.tar\.zst\?grant=ey[\w-]+\.[\w-]+\.[\w-]+$/,
  );
  assert.deepEqual(DownloadGrant.parse(document), document);
  assert.match(document.metadata.name, /^reports-[0-9a-f]{12}$/);
  assert.deepEqual(document.spec, {
    exportRef: { name: "reports" },
    expiresInSeconds: 60,
    maxBytes: "1Gi",
    description: "for ACME",
    revoked: false,
  });
  assert.equal(document.status.expirationTime, "2026-03-01T00:01:00.000Z");
  const address = `${base}/grants/${document.metadata.name}`;
  assert.equal(made.headers["location"], address);
  const token = url.split("=")[1];
  for (const path of [
    address,
    `${base}/grants`,
    `${base}/exports/reports/grants`,
    `${base}/exports/reports/grants/${document.metadata.name}`,
    "/api/v1/audit",
  ]) {
    const { status, text } = await gateway.call("GET", path);
    assert.equal(status, 200, path);
    assert.ok(text.includes(document.metadata.name), path);
    for (const part of token.split(".")) assert.ok(!text.includes(part), path);
  }
});

test("without a body it has the defaults; what it can't be is refused", async () => {
  await using gateway = await withExport();
  const made = await gateway.call("POST", `${base}/exports/reports/grants`);
  assert.deepEqual([made.status, made.body.spec.expiresInSeconds], [201, 86_400]);
  for (const body of [
    { expiresInSeconds: 0 },
    { expiresInSeconds: 1e12 },
    { maxBytes: -1 },
    { revoked: false },
    { exportRef: { name: "x" } },
  ])
    assert.equal((await issue(gateway, body)).status, 422, JSON.stringify(body));
  assert.equal((await gateway.call("POST", `${base}/exports/nothing/grants`, {})).status, 404);
});

test("a lost answer is made again with the same key, and no URL is kept", async () => {
  await using gateway = await withExport();
  const key = { "idempotency-key": "k" };
  const first = await issue(gateway, { description: "x" }, key);
  await gateway.restart();
  const again = await issue(gateway, { description: "x" }, key);
  assert.deepEqual([again.status, again.body], [201, first.body]);
  assert.equal((await gateway.call("GET", `${base}/grants`)).body.items.length, 1);
  await gateway.call("DELETE", `${base}/grants/${first.body.metadata.name}`);
  assert.deepEqual((await issue(gateway, { description: "x" }, key)).body.code, "ResourceNotFound");
});

test("names stay names, however long or odd the export's is", async () => {
  for (const name of [
    "a".repeat(200),
    `${"a".repeat(186)}.${"b".repeat(13)}`,
    `${"a".repeat(185)}-.`.slice(0, 185),
  ]) {
    await using gateway = await withExport(name);
    const { status, body } = await gateway.call("POST", `${base}/exports/${name}/grants`, {});
    assert.equal(status, 201);
    assert.deepEqual(DownloadGrant.shape.metadata.shape.name.safeParse(body.metadata.name).success, true);
  }
});

test("grants of one export are listed apart, page by page", async () => {
  await using gateway = await withExport();
  await gateway.call("POST", `${base}/exports`, exportRequest(gateway, "other"));
  for (let i = 0; i < 5; i++) {
    await issue(gateway, {});
    await gateway.call("POST", `${base}/exports/other/grants`, {});
  }
  const names: string[] = [];
  for (let next: string | undefined = ""; next !== undefined;) {
    const query: string = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
    const { body } = await gateway.call("GET", `${base}/exports/other/grants?limit=2${query}`);
    assert.ok(body.items.length <= 2);
    for (const { metadata, spec } of body.items as DownloadGrant[]) {
      assert.equal(spec.exportRef.name, "other");
      names.push(metadata.name);
    }
    next = body.metadata.continue;
  }
  assert.equal(new Set(names).size, 5);
  assert.equal((await gateway.call("GET", `${base}/grants`)).body.items.length, 10);
  assert.equal((await gateway.call("GET", `${base}/exports/other/grants/${names[0]}`)).status, 200);
  for (const [method, body] of [
    ["GET", undefined],
    ["PATCH", { spec: { revoked: true } }],
    ["DELETE", undefined],
  ] as const)
    assert.equal(
      (await gateway.call(method, `${base}/exports/reports/grants/${names[0]}`, body)).status,
      404,
      method,
    );
});

test("a grant is revoked for good, described, and deleted", async () => {
  await using gateway = await withExport();
  const { metadata } = (await issue(gateway)).body;
  const address = `${base}/grants/${metadata.name}`;
  const described = await gateway.call("PATCH", address, { spec: { description: "new" } });
  assert.deepEqual([described.status, described.body.spec.description], [200, "new"]);
  const revoked = await gateway.call("PATCH", address, { spec: { revoked: true } });
  assert.deepEqual([revoked.status, revoked.body.spec.revoked], [200, true]);
  assert.equal((await gateway.call("PATCH", address, { spec: { revoked: false } })).status, 422);
  assert.equal((await gateway.call("PATCH", address, { spec: { expiresInSeconds: 9 } })).status, 422);
  assert.equal((await gateway.call("DELETE", address)).status, 200);
  assert.equal((await gateway.call("GET", address)).status, 404);
  const actions = (await gateway.call("GET", `/api/v1/audit?name=${metadata.name}`)).body.items;
  assert.deepEqual(
    actions.map(({ action }: { action: string }) => action),
    ["delete", "revoke", "update", "issue"],
  );
});

test("its status says what was downloaded with it up to now", async () => {
  await using gateway = await withExport();
  const { metadata } = (await issue(gateway)).body;
  gateway.dependencies.grantUsage.add(metadata.uid, 1234);
  const { body } = await gateway.call("GET", `${base}/grants/${metadata.name}`);
  assert.deepEqual([body.status.bytesServed, body.status.lastUsedTime], [1234, "2026-03-01T00:00:00.000Z"]);
});

test("of kept files the URL is that of the metalink", async () => {
  await using gateway = await testGateway();
  const source = join(gateway.allowed, "source");
  mkdirSync(source);
  writeFileSync(join(source, "a"), "a");
  await gateway.call("POST", `${base}/exports`, exportRequest(gateway, "reports", { format: "Files" }));
  assert.match((await issue(gateway)).body.url, /\/d\/default\/reports\/metalink\?grant=/);
});

test("a grant whose export was made again is not signed again", async () => {
  await using gateway = await withExport();
  const key = { "idempotency-key": "k" };
  await issue(gateway, {}, key);
  await gateway.dependencies.store.delete("Export", { namespace: "default", name: "reports" }, signal);
  assert.equal((await issue(gateway, {}, key)).status, 404);
  await gateway.call("POST", `${base}/exports`, exportRequest(gateway, "reports"));
  const again = await issue(gateway, {}, key);
  assert.deepEqual([again.status, again.body.code], [404, "ResourceNotFound"]);
});
