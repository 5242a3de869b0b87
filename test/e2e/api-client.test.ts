/** The client and the commands against the gateway itself: both sides of the contract, over a real connection. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createClient } from "../../src/api/client.ts";
import type { ExportEvent } from "../../src/api/events.ts";
import type { Export } from "../../src/domain/resources/resource.ts";
import { type TestGateway, testGateway } from "../fixtures/gateway.ts";
import { runInProcess } from "../fixtures/in-process.ts";
import { temporaryFolder } from "../fixtures/run.ts";

const { signal } = new AbortController();
const namespace = "default";

async function start(gateway: TestGateway) {
  const url = await gateway.listen();
  const client = createClient({ server: url, token: gateway.tokens.admin });
  const run = (line: string, token = gateway.tokens.admin) =>
    runInProcess(line.split(" "), { server: { url, token }, now: gateway.clock.time });
  return { url, client, run };
}

/** As the controllers would say it. */
async function say(gateway: TestGateway, name: string, status: Export["status"]): Promise<void> {
  const { store } = gateway.dependencies;
  const found = await store.get("Export", { namespace, name }, signal);
  assert.ok(found !== undefined);
  await store.updateStatus("Export", { ...found, status }, signal);
}

const ended: Export["status"] = {
  conditions: [
    {
      type: "Succeeded",
      status: "True",
      reason: "Completed",
      message: "all is there",
      lastTransitionTime: "2026-01-31T12:00:00.000Z",
    },
  ],
  files: 3,
  differences: 0,
};

test("every method finds its counterpart", async () => {
  await using gateway = await testGateway();
  const { client, url } = await start(gateway);
  const place = { directory: { path: gateway.allowed } };
  assert.deepEqual(await client.whoami(signal), { actor: "token:admin", role: "admin" });

  const destination = { metadata: { name: "outbox" }, spec: place };
  const outbox = await client.destinations.create(namespace, destination, signal);
  assert.deepEqual(await client.destinations.get({ namespace, name: "outbox" }, signal), outbox);

  const names = ["a", "b", "c"];
  for (const name of names) {
    const spec = { source: place, destination: { name: "outbox" }, suspend: true };
    await client.exports.create(namespace, { metadata: { name }, spec }, signal);
  }
  const pages: string[][] = [];
  for await (const { items } of client.exports.pages({ limit: 2 }, signal))
    pages.push(items.map(({ metadata }) => metadata.name));
  assert.deepEqual(pages, [["a", "b"], ["c"]]);

  const key = { namespace, name: "a" };
  const { metadata } = await client.exports.get(key, signal);
  const { resourceVersion } = metadata;
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
  assert.equal((await client.exports.cancel(key, signal)).spec.cancel, true);
  assert.ok(await client.exports.delete({ ...key, deletionPolicy: "Retain" }, signal));

  const grantKey = { namespace, name: "b" };
  const grant = await client.grants.create(grantKey, { expiresInSeconds: 60, description: "ACME" }, signal);
  assert.ok(grant.url.startsWith(`${url}/d/default/b/b.tar.zst?grant=`));
  const one = { namespace, name: grant.metadata.name };
  assert.equal((await client.grants.list({ namespace, export: "b" }, signal)).items.length, 1);
  assert.equal((await client.grants.list({ namespace, export: "c" }, signal)).items.length, 0);
  assert.equal((await client.grants.patch(one, { spec: { revoked: true } }, signal)).spec.revoked, true);
  assert.ok(await client.grants.delete(one, signal));
  await assert.rejects(client.grants.get(one, signal), { code: "ResourceNotFound" });
  assert.ok(await client.destinations.delete({ namespace, name: "outbox" }, signal));

  const made = await client.tokens.create({ name: "ci", role: "reader", expiresInSeconds: 60 }, signal);
  const reader = createClient({ server: url, token: made.token });
  assert.deepEqual(await reader.whoami(signal), { actor: "token:ci", role: "reader" });
  await assert.rejects(reader.tokens.list(signal), { code: "Forbidden" });
  assert.ok((await client.tokens.list(signal)).items.some(({ name }) => name === "ci"));
  await client.tokens.delete("ci", signal);
  await assert.rejects(reader.whoami(signal), { code: "Unauthenticated" });
  assert.match((await client.rotateKey(signal)).keyId, /./);
  const audit = await client.audit({ name: "b", limit: 5 }, signal);
  assert.ok(audit.items.length > 0 && audit.items.every(({ name }) => name === "b"));
});

test("what is wrong is named, field by field", async () => {
  await using gateway = await testGateway();
  const { client } = await start(gateway);
  const spec = { source: { directory: { path: gateway.allowed } }, destination: {}, partSize: "1" };
  const request = client.exports.create(namespace, { metadata: { name: "x" }, spec }, signal);
  await assert.rejects(request, { code: "InvalidDocument", message: /spec\.?\/?destination/ });
  const outside = {
    source: { directory: { path: "/etc" } },
    destination: { directory: { path: gateway.allowed } },
  };
  await assert.rejects(client.exports.create(namespace, { metadata: { name: "x" }, spec: outside }, signal), {
    code: "PlaceNotAllowed",
  });
});

test("events come as they happen", async () => {
  await using gateway = await testGateway();
  const { client, run } = await start(gateway);
  const spec = {
    source: { directory: { path: gateway.allowed } },
    destination: { directory: { path: gateway.allowed } },
  };
  await client.exports.create(namespace, { metadata: { name: "reports" }, spec }, signal);
  const events = client.exports.events({ namespace }, signal)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value } = (await events.next()) as { value: ExportEvent };
    return `${value.type} ${value.object.metadata.name} ${value.object.status?.files ?? ""}`;
  };
  assert.equal(await next(), "ADDED reports ");
  await say(gateway, "reports", { files: 1 });
  assert.equal(await next(), "MODIFIED reports 1");
  const watching = run("watch export reports");
  await say(gateway, "reports", ended);
  assert.equal(await next(), "MODIFIED reports 3");
  const { code, stdout } = await watching;
  assert.equal(code, 0);
  assert.match(stdout, /^reports Completed: 3 files, 0 B in 0 parts\n/);
  const gone = next();
  await client.exports.delete({ namespace, name: "reports" }, signal);
  assert.match(await gone, /^(?:MODIFIED|DELETED) reports 3$/);
  await events.return?.();
});

test("a person's way through the commands", async () => {
  await using gateway = await testGateway();
  const { run, url } = await start(gateway);
  await using folder = temporaryFolder();
  mkdirSync(join(folder.path, "2026"));
  writeFileSync(join(folder.path, "2026/a b.csv"), "data");
  writeFileSync(Buffer.from(`${folder.path}/caf\xe9`, "latin1"), "x");
  await gateway.finished("reports", folder.path);

  assert.match((await run("get exports")).stdout, /^reports +Completed /m);
  assert.match((await run("get export reports -o yaml")).stdout, /^ {2}name: reports$/m);
  assert.match((await run("get files reports")).stdout, /^directory .* 2026\/\nfile +1 B .* caf\\351$/m);
  const inside = await runInProcess(["get", "files", "reports", "2026/a b.csv"], {
    server: { url, token: gateway.tokens.reader },
  });
  assert.match(inside.stdout, /^file +4 B .* a b\.csv$/m);
  assert.match((await run("describe export reports")).stdout, /^Status: +Completed$/m);
  assert.equal((await run("watch export reports")).code, 0);

  const grant = await run("create grant reports --expires-in 1h --max-bytes 1Mi");
  assert.equal(grant.code, 0, grant.stderr);
  const download = await fetch(grant.stdout.trim());
  assert.equal(download.status, 200);
  await download.arrayBuffer();
  assert.match((await run("get grants")).stdout, /reports .* in (?:59m|60m) /);
  assert.match((await run("get audit")).stdout, / grant:\S+ +download +Export default\/reports +200 /);
  const name = (await run("get grants -o name")).stdout.trim().replace(/.*\//, "");
  assert.equal((await run(`delete grant ${name}`)).code, 0);
  assert.equal((await fetch(grant.stdout.trim())).status, 401);

  const refused = await run("create grant reports", gateway.tokens.reader);
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /^longshore: .*: ask whoever runs the server /);
});
